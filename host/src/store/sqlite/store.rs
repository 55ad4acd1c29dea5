//! [`Store`] on SQLite: validates each call, then passes it to a reader or to the writer.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use rusqlite::Connection;

use super::Shared;
use super::bodies;
use super::commit::{self, Commit};
use super::error::SqliteResult;
use super::find::find;
use super::group::Group;
use super::identity::Newest;
use super::issuers;
use super::metadata;
use super::queue::Size;
use super::read::{self, LinkQuery};
use super::readers::Snapshot;
use crate::cpu_scheduler::CpuScheduler;
use crate::store::{
    BodyPosition, ChainHead, CheckedBodies, Committed, Direction, Entry, EventLog, HostMetadata,
    Key, Link, LinkPage, MetadataEntry, Page, Query, RecordedEvent, Refusal, Rejection, Store,
    StoreId, TenantStorage, Write, limits, not_done, validate,
};

/// The most keys that are looked up on the calling thread; more are looked up on a blocking thread.
const FEW: usize = 32;

/// The storage of one tenant.
pub(super) struct TenantStore {
    pub(super) shared: Arc<Shared>,
    pub(super) tenant: i64,
    snapshot: Snapshot,
}

impl Drop for TenantStore {
    fn drop(&mut self) {
        self.end();
    }
}

impl TenantStore {
    pub(super) fn new(shared: Arc<Shared>, tenant: i64, snapshot: Snapshot) -> TenantStore {
        TenantStore { shared, tenant, snapshot }
    }

    fn store_id(&self) -> StoreId {
        StoreId::new(self.shared.number, self.tenant.unsigned_abs())
    }

    fn end(&self) {
        self.shared.readers.end(&self.snapshot);
    }

    async fn search<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> SqliteResult<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let readers = self.shared.readers.clone();
        readers.search(&self.snapshot, self.store_id(), read).await
    }

    async fn look_up<T: Send + 'static>(
        &self,
        keys: usize,
        read: impl Fn(&Connection) -> SqliteResult<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        match keys {
            0..=FEW => self.shared.readers.point(&self.snapshot, read),
            _ => self.search(read).await,
        }
    }
}

#[async_trait]
impl Store for TenantStore {
    fn id(&self) -> Option<StoreId> {
        Some(self.store_id())
    }

    fn snapshot(&self) -> Option<Arc<dyn Store>> {
        let snapshot = Snapshot::Pinned(Mutex::default());
        Some(Arc::new(Self::new(self.shared.clone(), self.tenant, snapshot)))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        validate::keys(keys.len())?;
        let tenant = self.tenant;
        self.look_up(keys.len(), move |db| read::get(db, tenant, &keys)).await
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = validate::query(&mut query)?;
        let tenant = self.tenant;
        self.search(move |db| find(db, tenant, &query, filter.clone())).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        validate::links(&anchors, after.as_deref())?;
        let query = LinkQuery { name, direction, after, limit };
        let tenant = self.tenant;
        self.search(move |db| read::links(db, tenant, &anchors, &query)).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        validate::keys(links.len())?;
        let tenant = self.tenant;
        self.look_up(links.len(), move |db| read::has(db, tenant, &links)).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let bytes = validate::commit(at, &actor, &writes)?;
        self.end();
        let size = if bytes >= limits::LARGE_COMMIT { Size::Large } else { Size::Small };
        let id = self.store_id();
        let tenant = self.tenant;
        let commit = Commit { at: i64::try_from(at).unwrap_or(i64::MAX), actor, writes };
        let done = self
            .shared
            .writer
            .run(Some(tenant), size, move |group| {
                let _computing = (size == Size::Large).then(|| CpuScheduler::all().elsewhere(id));
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
}

#[async_trait]
impl EventLog for TenantStore {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| read::events(db, tenant, after, limit)).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        let tenant = self.tenant;
        let readers = &self.shared.readers;
        readers.point(&self.snapshot, move |db| metadata::head(db, tenant))
    }
}

#[async_trait]
impl HostMetadata for TenantStore {
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| metadata::with_prefix(db, tenant, &prefix)).await
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        self.end();
        let tenant = self.tenant;
        let set = move |group: &Group<'_>| metadata::set(group, tenant, &guard, &changes);
        let done = self.shared.writer.run(Some(tenant), Size::Small, set).await;
        Ok(done??)
    }
}

#[async_trait]
impl TenantStorage for TenantStore {
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        let tenant = self.tenant;
        self.search(move |db| bodies::check(db, tenant, after)).await
    }
}
