//! A store whose reads wait until they are let through; otherwise it is [`Vacant`].

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use scimlet::Vacant;
use scimlet::store::{
    Committed, Direction, Entry, Head, Key, Link, LinkPage, Memo, Page, Query, RecordedEvent,
    Refusal, Rejection, Store, Write,
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
    /// Completes when a read waits.
    pub async fn entered(&self) {
        self.entered.acquire().await.unwrap().forget();
    }

    /// Lets all reads through from now on.
    pub fn open(&self) {
        self.open.close();
    }

    /// Whether a read went through to its end.
    pub fn is_passed(&self) -> bool {
        self.passed.load(Ordering::SeqCst)
    }

    async fn pass(&self) {
        self.entered.add_permits(1);
        // Fails when it is closed: that is the gate's opening.
        let _ = self.open.acquire().await;
        self.passed.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Gate {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.pass().await;
        Vacant.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.pass().await;
        Vacant.find(query).await
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
        Vacant.links(anchors, name, direction, after, limit).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.pass().await;
        Vacant.has(links).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.pass().await;
        Vacant.counters(names).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        Vacant.commit(at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        Vacant.events(after, limit).await
    }

    async fn head(&self) -> Result<Head, Refusal> {
        Vacant.head().await
    }

    async fn memos(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        Vacant.memos(prefix).await
    }

    async fn set_memos(&self, guard: Memo, changes: Vec<Memo>) -> Result<bool, Refusal> {
        Vacant.set_memos(guard, changes).await
    }
}
