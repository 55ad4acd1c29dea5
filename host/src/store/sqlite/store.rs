//! [`Store`] over SQLite: checks the call, then hands it to a reader or to the writer.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use rusqlite::Connection;

use super::Shared;
use super::bodies;
use super::commit::{self, Commit};
use super::fault::Step;
use super::find::find;
use super::group::Group;
use super::identity::Newest;
use super::issuers;
use super::memo;
use super::read::{self, LinkQuery};
use super::readers::Moment;
use crate::store::{
    Bodies, BodyPlace, Committed, Direction, Entry, Head, Identity, Key, Link, LinkPage, Memo,
    Page, Query, RecordedEvent, Refusal, Rejection, Store, Write, check, not_done,
};

/// Keys that are read here and now; more are read on a thread that may block.
const FEW: usize = 32;

/// One tenant's storage.
pub(super) struct TenantStore {
    pub(super) shared: Arc<Shared>,
    pub(super) tenant: i64,
    moment: Moment,
}

impl Drop for TenantStore {
    fn drop(&mut self) {
        self.end();
    }
}

impl TenantStore {
    pub(super) fn new(shared: Arc<Shared>, tenant: i64, moment: Moment) -> TenantStore {
        TenantStore {
            shared,
            tenant,
            moment,
        }
    }

    fn end(&self) {
        self.shared.readers.end(&self.moment);
    }

    async fn search<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> Step<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let readers = self.shared.readers.clone();
        let tenant = Identity::new(self.shared.number, self.tenant.unsigned_abs());
        readers.search(&self.moment, tenant, read).await
    }

    async fn look_up<T: Send + 'static>(
        &self,
        keys: usize,
        read: impl Fn(&Connection) -> Step<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        match keys {
            0..=FEW => self.shared.readers.point(&self.moment, read),
            _ => self.search(read).await,
        }
    }
}

#[async_trait]
impl Store for TenantStore {
    fn identity(&self) -> Option<Identity> {
        let tenant = u64::try_from(self.tenant).ok()?;
        Some(Identity::new(self.shared.number, tenant))
    }

    fn of_request(&self) -> Option<Arc<dyn Store>> {
        let moment = Moment::One(Mutex::default());
        Some(Arc::new(Self::new(
            self.shared.clone(),
            self.tenant,
            moment,
        )))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        check::keys(keys.len())?;
        let tenant = self.tenant;
        self.look_up(keys.len(), move |db| read::get(db, tenant, &keys))
            .await
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = check::query(&mut query)?;
        let tenant = self.tenant;
        self.search(move |db| find(db, tenant, &query, filter.clone()))
            .await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        check::links(&anchors, after.as_deref())?;
        let query = LinkQuery {
            name,
            direction,
            after,
            limit,
        };
        let tenant = self.tenant;
        self.search(move |db| read::links(db, tenant, &anchors, &query))
            .await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        check::keys(links.len())?;
        let tenant = self.tenant;
        self.look_up(links.len(), move |db| read::has(db, tenant, &links))
            .await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        check::keys(names.len())?;
        let tenant = self.tenant;
        self.look_up(names.len(), move |db| read::counters(db, tenant, &names))
            .await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        check::commit(at, &actor, &writes)?;
        self.end();
        let tenant = self.tenant;
        let commit = Commit {
            at: i64::try_from(at).unwrap_or(i64::MAX),
            actor,
            writes,
        };
        let done = self
            .shared
            .writer
            .run(Some(tenant), move |group| {
                issuers::judge(group, tenant, &commit.writes)?;
                commit::apply(group, tenant, commit)
            })
            .await;
        let done = match done {
            Ok(outcome) => outcome.map_err(not_done)?,
            Err(reason) => return Err(Rejection { write: 0, reason }),
        };
        if let Some(head) = done.newest {
            self.shared.record.note(Newest { tenant, head });
        }
        Ok(done.committed)
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| read::events(db, tenant, after, limit))
            .await
    }

    async fn check_bodies(&self, after: BodyPlace) -> Result<Bodies, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| bodies::check(db, tenant, after))
            .await
    }

    async fn head(&self) -> Result<Head, Refusal> {
        let tenant = self.tenant;
        let readers = &self.shared.readers;
        readers.point(&self.moment, move |db| memo::head(db, tenant))
    }

    async fn memos(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| memo::with_prefix(db, tenant, &prefix))
            .await
    }

    async fn set_memos(&self, guard: Memo, changes: Vec<Memo>) -> Result<bool, Refusal> {
        self.end();
        let tenant = self.tenant;
        let set = move |group: &Group<'_>| memo::set(group, tenant, &guard, &changes);
        let done = self.shared.writer.run(Some(tenant), set).await;
        Ok(done??)
    }
}
