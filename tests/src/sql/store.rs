//! A tenant's store over a few connections, for the contract suite.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scimlet::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Store, Write,
};
use scimlet_sql::database::{Connection, SqlStore};
use tokio::task::spawn_blocking;

/// The store of one tenant. Calls at once use different connections.
pub struct SqlTenant<C> {
    connections: Vec<Arc<Mutex<C>>>,
    tenant: String,
    next: AtomicUsize,
}

impl<C: Connection + Send + 'static> SqlTenant<C> {
    /// Returns the store of a tenant that exists.
    #[must_use]
    pub fn new(connections: Vec<C>, tenant: &str) -> Self {
        let connections = connections.into_iter().map(|one| Arc::new(Mutex::new(one))).collect();
        Self { connections, tenant: tenant.to_owned(), next: AtomicUsize::new(0) }
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&SqlStore<'_, C>) -> T + Send + 'static,
    ) -> T {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let (connection, tenant) = (self.connections[number].clone(), self.tenant.clone());
        let called = spawn_blocking(move || {
            let connection = connection.lock().expect("no call panics");
            call(&SqlStore::new(&*connection, &tenant))
        });
        called.await.expect("no call panics")
    }
}

#[async_trait]
impl<C: Connection + Send + 'static> Store for SqlTenant<C> {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.call(move |store| store.get(&keys)).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.call(move |store| store.find(query)).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.call(move |store| store.links(&anchors, &name, direction, after.as_deref(), limit))
            .await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.call(move |store| store.has(&links)).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.call(move |store| store.commit(at, &actor, &writes)).await
    }
}
