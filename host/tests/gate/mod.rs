//! A store whose reads wait until they are let through; otherwise it is empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use scimlet::EmptyStore;
use scimlet::store::{
    Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Store, StoreDecorator,
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
        Self { entered, open, passed: AtomicBool::new(false) }
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
impl StoreDecorator for Gate {
    type Inner = EmptyStore;

    fn inner(&self) -> &EmptyStore {
        &EmptyStore
    }

    fn wrap(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        unreachable!("an empty store has no snapshots")
    }

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
        EmptyStore.links(anchors, name, direction, after, limit).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.pass().await;
        EmptyStore.has(links).await
    }
}
