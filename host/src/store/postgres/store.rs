//! [`Store`] on PostgreSQL: validates each call, then runs it in a transaction of the tenant.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scimlet_sql::null_character;

use super::Shared;
use super::bodies;
use super::commit::{self, Commit};
use super::error::PostgresResult;
use super::find::{bounded, find};
use super::links::{self, LinkQuery};
use super::metadata;
use super::read;
use super::session::{Scope, Session};
use crate::store::{
    BodyPosition, ChainHead, CheckedBodies, Committed, Direction, Entry, EventLog, Filter,
    HostMetadata, Key, Link, LinkPage, MetadataEntry, Page, Query, RecordedEvent, Refusal,
    Rejection, Store, StoreId, TenantStorage, Write, limits, validate,
};

/// How long a statement of an indexed search may take at first. If one takes longer, the search
/// starts again as one of the few long searches.
const BRIEF: Duration = Duration::from_millis(100);

/// The storage of one tenant.
pub(super) struct TenantStore {
    pub(super) shared: Arc<Shared>,
    pub(super) tenant: i64,
}

impl TenantStore {
    async fn read(&self) -> PostgresResult<Session> {
        Session::read(&self.shared.pool, Scope::Tenant(self.tenant)).await
    }

    /// Returns one page; no statement of the search may take longer than `time`.
    async fn search(
        &self,
        query: &Query,
        filter: &Filter,
        scope: Scope,
        time: Duration,
    ) -> PostgresResult<Page> {
        let session = Session::read_within(&self.shared.pool, scope, time).await?;
        let page = find(&session, self.tenant, query, filter.clone()).await;
        session.end_confirmed(page)
    }
}

#[async_trait]
impl Store for TenantStore {
    fn id(&self) -> Option<StoreId> {
        let tenant = u64::try_from(self.tenant).ok()?;
        Some(StoreId::new(self.shared.number, tenant))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        validate::keys(keys.len())?;
        let session = self.read().await?;
        let entries = read::get(&session, self.tenant, &keys).await;
        Ok(session.end(entries)?)
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = validate::query(&mut query)?;
        if !filter.looks_at_all() {
            match self.search(&query, &filter, Scope::Tenant(self.tenant), BRIEF).await {
                Err(fault) if fault.is_overdue() => {}
                page => return Ok(page?),
            }
        }
        let _permit = self.shared.searches.acquire(self.tenant).await;
        let scope = Scope::LongSearch(self.tenant);
        let page = self.search(&query, &filter, scope, limits::SEARCH).await;
        page.map_err(bounded)
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
        let query = LinkQuery::new(name, direction, after.as_deref(), limit)?;
        let session = self.read().await?;
        let pages = links::links(&session, self.tenant, &anchors, &query).await;
        Ok(session.end(pages)?)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        validate::keys(links.len())?;
        let session = self.read().await?;
        let there = links::has(&session, self.tenant, &links).await;
        Ok(session.end(there)?)
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let bytes = validate::commit(at, &actor, &writes)?;
        null_character::refuse(&actor, &writes)?;
        let (shared, tenant) = (self.shared.clone(), self.tenant);
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let is_large = bytes >= limits::LARGE_COMMIT;
        let commit = Commit { at, actor, writes, is_large };
        // A task of its own completes the commit even if the caller stops waiting.
        let task = tokio::spawn(async move { commit::run(&shared, tenant, &commit).await });
        task.await.unwrap_or_else(|error| {
            Err(Rejection { write: 0, reason: Refusal::Unavailable(error.to_string()) })
        })
    }
}

#[async_trait]
impl EventLog for TenantStore {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        let session = self.read().await?;
        let events = read::events(&session, self.tenant, after, limit).await;
        Ok(session.end(events)?)
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        let session = self.read().await?;
        let head = metadata::head(&session, self.tenant).await;
        Ok(session.end(head)?)
    }
}

#[async_trait]
impl HostMetadata for TenantStore {
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        let session = self.read().await?;
        let metadata = metadata::with_prefix(&session, self.tenant, &prefix).await;
        Ok(session.end(metadata)?)
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        let scope = Scope::Tenant(self.tenant);
        let session = Session::write(&self.shared.pool, scope).await?;
        let set = metadata::set(&session, self.tenant, &guard, &changes).await?;
        session.commit().await?;
        Ok(set)
    }
}

#[async_trait]
impl TenantStorage for TenantStore {
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        let session = self.read().await?;
        let found = bodies::check(&session, self.tenant, after).await;
        Ok(session.end(found)?)
    }
}
