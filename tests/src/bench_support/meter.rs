//! A database that says how long its answers take, and keeps the last commit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use scimlet::store::{
    Committed, Database, DatabaseError, Direction, Entry, Key, Link, LinkPage, Page, Query,
    Refusal, Rejection, Store, StoreDecorator, Tenant, TenantStorage, Write,
};

/// The time that all stores of a database have taken, and the writes of their last commit.
#[derive(Default)]
pub struct Meter {
    nanoseconds: AtomicU64,
    last: Mutex<Vec<Write>>,
}

impl Meter {
    /// Returns the time that all calls together have taken since this was last called.
    pub fn take(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.swap(0, Ordering::Relaxed))
    }

    /// The writes of the last commit.
    pub fn last(&self) -> Vec<Write> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn keep(&self, writes: &[Write]) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = writes.to_vec();
    }

    async fn time<T>(&self, call: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let answer = call.await;
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        answer
    }
}

/// Another database, whose tenants' stores are metered.
pub struct Metered {
    inner: Arc<dyn Database>,
    meter: Arc<Meter>,
}

impl Metered {
    /// Meters this one.
    pub fn new(inner: Arc<dyn Database>, meter: Arc<Meter>) -> Self {
        Self { inner, meter }
    }
}

#[async_trait]
impl Database for Metered {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        self.inner.create_tenant(name, at).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        self.inner.tenants().await
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        self.inner.delete_tenant(name).await
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        let store = self.meter.time(self.inner.open(name)).await?;
        let metered =
            |store| Arc::new(MeteredStore { inner: store, meter: self.meter.clone() }) as _;
        Ok(store.map(metered))
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        self.inner.newest_event().await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        self.inner.setting(name).await
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        self.inner.set_setting(name, value).await
    }
}

/// A metered store of one tenant.
struct MeteredStore<S: ?Sized> {
    inner: Arc<S>,
    meter: Arc<Meter>,
}

#[async_trait]
impl<S: Store + ?Sized> StoreDecorator for MeteredStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(MeteredStore { inner, meter: self.meter.clone() })
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.meter.time(self.inner.get(keys)).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.meter.time(self.inner.find(query)).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        let call = self.inner.links(anchors, name, direction, after, limit);
        self.meter.time(call).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.meter.time(self.inner.has(links)).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.meter.keep(&writes);
        self.meter.time(self.inner.commit(at, actor, writes)).await
    }
}
