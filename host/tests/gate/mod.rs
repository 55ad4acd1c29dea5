//! A store whose reads wait until they are let through; otherwise it is an [`EmptyStore`].

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use scimlet::EmptyStore;
use scimlet::store::{
    ChainHead, Committed, Direction, Entry, Key, Link, LinkPage, MetadataEntry, Page, Query,
    RecordedEvent, Refusal, Rejection, Store, Write,
};
use tokio::sync::Semaphore;

pub struct Gate {
    entered: Semaphore,
    open: Semaphore,
    passed: AtomicBool,
}

impl Default for Gate {
    fn default() -> Self {
        let (entered, open) = (Semaphore::new(0), Semaphore::new(0));
        Self {
            entered,
            open,
            passed: AtomicBool::new(false),
        }
    }
}

impl Gate {
    /// Waits until a read waits.
    pub async fn entered(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    /// Lets all reads through from now on.
    pub fn open(&self) {
        self.open.close();
    }

    /// Returns whether a read has passed.
    pub fn is_passed(&self) -> bool {
        self.passed.load(Ordering::SeqCst)
    }

    async fn pass(&self) {
        self.entered.add_permits(1);
        // An error means that the semaphore was closed, which opens the gate.
        let _ = self.open.acquire().await;
        self.passed.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Gate {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.pass().await;
        EmptyStore.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.pass().await;
        EmptyStore.find(query).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.pass().await;
        EmptyStore
            .links(anchors, name, direction, after, limit)
            .await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.pass().await;
        EmptyStore.has(links).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.pass().await;
        EmptyStore.counters(names).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        EmptyStore.commit(at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        EmptyStore.events(after, limit).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        EmptyStore.head().await
    }

    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        EmptyStore.metadata(prefix).await
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        EmptyStore.set_metadata(guard, changes).await
    }
}
