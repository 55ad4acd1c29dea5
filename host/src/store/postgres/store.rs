//! [`Store`] over PostgreSQL: checks the call, then runs it in a transaction of the tenant.

use std::sync::Arc;

use async_trait::async_trait;

use super::Shared;
use super::commit::{self, Commit};
use super::fault::Step;
use super::find::{bounded, find};
use super::nul;
use super::read::{self, LinkQuery};
use super::session::{Scope, Session};
use crate::store::{
    Direction, Entry, Key, Link, LinkPage, Page, Query, RecordedEvent, Refusal, Rejection, Store,
    Write, check,
};

/// One tenant's storage.
pub(super) struct TenantStore {
    pub(super) shared: Arc<Shared>,
    pub(super) tenant: i64,
}

impl TenantStore {
    async fn read(&self) -> Step<Session> {
        Session::read(&self.shared.pool, Scope::Tenant(self.tenant)).await
    }
}

#[async_trait]
impl Store for TenantStore {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        check::keys(keys.len())?;
        let session = self.read().await?;
        let entries = read::get(&session, self.tenant, &keys).await?;
        session.end();
        Ok(entries)
    }

    async fn find(&self, mut query: Query) -> Result<Page, Refusal> {
        let filter = check::query(&mut query)?;
        let session = self.read().await?;
        let page = find(&session, self.tenant, &query, filter)
            .await
            .map_err(bounded)?;
        session.end();
        Ok(page)
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
        let query = LinkQuery::new(name, direction, after.as_deref(), limit)?;
        let session = self.read().await?;
        let pages = read::links(&session, self.tenant, &anchors, &query).await?;
        session.end();
        Ok(pages)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        check::keys(links.len())?;
        let session = self.read().await?;
        let there = read::has(&session, self.tenant, &links).await?;
        session.end();
        Ok(there)
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        check::keys(names.len())?;
        let session = self.read().await?;
        let values = read::counters(&session, self.tenant, &names).await?;
        session.end();
        Ok(values)
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Vec<(Key, u64)>, Rejection> {
        check::commit(at, &actor, &writes)?;
        nul::refuse(&actor, &writes)?;
        let (shared, tenant) = (self.shared.clone(), self.tenant);
        let commit = Commit {
            at: i64::try_from(at).unwrap_or(i64::MAX),
            actor,
            writes,
        };
        // In a task of its own it happens once it has begun, whether or not anybody still waits.
        let task = tokio::spawn(async move { commit::run(&shared, tenant, &commit).await });
        task.await.unwrap_or_else(|error| {
            Err(Rejection {
                write: 0,
                reason: Refusal::Unavailable(error.to_string()),
            })
        })
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        let session = self.read().await?;
        let events = read::events(&session, self.tenant, after, limit).await?;
        session.end();
        Ok(events)
    }
}
