//! Stores around other stores, such as one that notifies of commits or one that measures.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    BodyPosition, ChainHead, CheckedBodies, Committed, Direction, Entry, Key, Link, LinkPage,
    MetadataEntry, Page, Query, RecordedEvent, Refusal, Rejection, Store, StoreId, Write,
};

/// A store that adds something to another store. Every implementor is a [`Store`]: its functions
/// forward to the inner store unless the implementor provides its own, and its identity and its
/// snapshots are those of the inner store, so that a decorated store loses nothing.
#[async_trait]
pub trait StoreDecorator: Send + Sync + Sized + 'static {
    /// The store that calls are forwarded to.
    fn inner(&self) -> &dyn Store;

    /// Returns this decorator around another store, a snapshot of the inner one.
    fn wrap(&self, inner: Arc<dyn Store>) -> Self;

    /// [`Store::get`] of this store; forwarded unless it is provided.
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.inner().get(keys).await
    }

    /// [`Store::find`] of this store; forwarded unless it is provided.
    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.inner().find(query).await
    }

    /// [`Store::links`] of this store; forwarded unless it is provided.
    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.inner().links(anchors, name, direction, after, limit).await
    }

    /// [`Store::has`] of this store; forwarded unless it is provided.
    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.inner().has(links).await
    }

    /// [`Store::counters`] of this store; forwarded unless it is provided.
    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.inner().counters(names).await
    }

    /// [`Store::commit`] of this store; forwarded unless it is provided.
    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.inner().commit(at, actor, writes).await
    }

    /// [`Store::events`] of this store; forwarded unless it is provided.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        self.inner().events(after, limit).await
    }

    /// [`Store::head`] of this store; forwarded unless it is provided.
    async fn head(&self) -> Result<ChainHead, Refusal> {
        self.inner().head().await
    }

    /// [`Store::check_bodies`] of this store; forwarded unless it is provided.
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        self.inner().check_bodies(after).await
    }

    /// [`Store::metadata`] of this store; forwarded unless it is provided.
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        self.inner().metadata(prefix).await
    }

    /// [`Store::set_metadata`] of this store; forwarded unless it is provided.
    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        self.inner().set_metadata(guard, changes).await
    }
}

#[async_trait]
impl<D: StoreDecorator> Store for D {
    fn id(&self) -> Option<StoreId> {
        self.inner().id()
    }

    fn snapshot(&self) -> Option<Arc<dyn Store>> {
        let inner = self.inner().snapshot()?;
        Some(Arc::new(self.wrap(inner)))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        StoreDecorator::get(self, keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        StoreDecorator::find(self, query).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        StoreDecorator::links(self, anchors, name, direction, after, limit).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        StoreDecorator::has(self, links).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        StoreDecorator::counters(self, names).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        StoreDecorator::commit(self, at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        StoreDecorator::events(self, after, limit).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        StoreDecorator::head(self).await
    }

    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        StoreDecorator::check_bodies(self, after).await
    }

    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        StoreDecorator::metadata(self, prefix).await
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        StoreDecorator::set_metadata(self, guard, changes).await
    }
}
