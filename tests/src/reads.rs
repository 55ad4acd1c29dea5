//! A store that counts the entries and links that it returns, so that a test can say what a request
//! costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scimlet::store::{
    Direction, Entry, Key, LinkPage, Page, Query, Refusal, Store, StoreDecorator,
};

/// Another store, counted.
pub struct Counted {
    inner: Arc<dyn Store>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    returned: AtomicUsize,
    linked: AtomicUsize,
    read: AtomicUsize,
}

impl Counted {
    /// Counts this one.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        let counts = Arc::default();
        Self { inner, counts }
    }

    /// The entries that `find` has returned so far.
    pub fn returned(&self) -> usize {
        self.counts.returned.load(Ordering::Relaxed)
    }

    /// The entries that `get` has been asked for so far.
    pub fn read(&self) -> usize {
        self.counts.read.load(Ordering::Relaxed)
    }

    /// The links that `links` has returned so far.
    pub fn linked(&self) -> usize {
        self.counts.linked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl StoreDecorator for Counted {
    type Inner = dyn Store;

    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        let counts = Arc::clone(&self.counts);
        Arc::new(Self { inner, counts })
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.counts.read.fetch_add(keys.len(), Ordering::Relaxed);
        self.inner.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        let page = self.inner.find(query).await?;
        self.counts.returned.fetch_add(page.hits.len(), Ordering::Relaxed);
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
        self.counts.linked.fetch_add(links, Ordering::Relaxed);
        Ok(pages)
    }
}
