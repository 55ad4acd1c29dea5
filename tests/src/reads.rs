//! A store that counts the entries and links that it returns, so that a test can say what a request
//! costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scimlet::store::{
    ChainHead, Committed, Direction, Entry, Key, Link, LinkPage, MetadataEntry, Page, Query,
    RecordedEvent, Refusal, Rejection, Store, Write,
};

/// Another store, counted.
pub struct Counted {
    inner: Arc<dyn Store>,
    returned: AtomicUsize,
    linked: AtomicUsize,
    read: AtomicUsize,
}

impl Counted {
    /// Counts this one.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            returned: AtomicUsize::new(0),
            linked: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }

    /// The entries that `find` has returned so far.
    pub fn returned(&self) -> usize {
        self.returned.load(Ordering::Relaxed)
    }

    /// The entries that `get` has been asked for so far.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// The links that `links` has returned so far.
    pub fn linked(&self) -> usize {
        self.linked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Store for Counted {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.read.fetch_add(keys.len(), Ordering::Relaxed);
        self.inner.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        let page = self.inner.find(query).await?;
        self.returned.fetch_add(page.hits.len(), Ordering::Relaxed);
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
        let pages = self.inner.links(anchors, name, direction, after, limit);
        let pages = pages.await?;
        let links: usize = pages.iter().map(|page| page.links.len()).sum();
        self.linked.fetch_add(links, Ordering::Relaxed);
        Ok(pages)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.inner.has(links).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.inner.counters(names).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.inner.commit(at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        self.inner.events(after, limit).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        self.inner.head().await
    }

    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        self.inner.metadata(prefix).await
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        self.inner.set_metadata(guard, changes).await
    }
}
