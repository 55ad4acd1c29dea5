//! One database that the reference host and an embedding use in turn, call by call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scimlet::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Store,
    StoreDecorator, TenantStorage, Write,
};
use scimlet_sql::database::Connection;
use scimlet_tests::sql::SqlTenant;

/// A tenant whose calls go to the host's store and to scimlet-sql's in turn; its events are the
/// host's.
pub struct Shared<C> {
    pub host: Arc<dyn TenantStorage>,
    pub embedding: SqlTenant<C>,
    calls: AtomicUsize,
}

impl<C: Connection + Send + 'static> Shared<C> {
    pub fn new(host: Arc<dyn TenantStorage>, embedding: SqlTenant<C>) -> Self {
        Self { host, embedding, calls: AtomicUsize::new(0) }
    }

    /// The store whose turn it is.
    fn next(&self) -> &dyn Store {
        match self.calls.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => &self.embedding,
            _ => &*self.host,
        }
    }
}

#[async_trait]
impl<C: Connection + Send + 'static> StoreDecorator for Shared<C> {
    type Inner = dyn TenantStorage;

    fn inner(&self) -> &Self::Inner {
        &*self.host
    }

    fn wrap(&self, snapshot: Arc<dyn Store>) -> Arc<dyn Store> {
        snapshot
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.next().get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.next().find(query).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.next().links(anchors, name, direction, after, limit).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.next().has(links).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.next().commit(at, actor, writes).await
    }
}
