//! Stores around other stores, such as one that notifies of commits or one that measures.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    BodyPosition, ChainHead, CheckedBodies, Committed, Direction, Entry, EventLog, HostMetadata,
    Key, Link, LinkPage, MetadataEntry, Page, Query, RecordedEvent, Refusal, Rejection, Store,
    StoreId, TenantStorage, Write,
};

/// A store that adds something to another store. Every implementor is a [`Store`]: its functions
/// forward to the inner store unless the implementor provides its own, and its identity and its
/// snapshots are those of the inner store, so that a decorated store loses nothing. It is also an
/// [`EventLog`], [`HostMetadata`] and [`TenantStorage`] where the inner store is one.
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use scimlet::store::{Committed, Rejection, Store, StoreDecorator, Write};
///
/// /// Prints each commit.
/// struct Printing<S: ?Sized>(Arc<S>);
///
/// #[async_trait]
/// impl<S: Store + ?Sized> StoreDecorator for Printing<S> {
///     type Inner = S;
///
///     fn inner(&self) -> &S {
///         &self.0
///     }
///
///     fn wrap(&self, snapshot: Arc<dyn Store>) -> Arc<dyn Store> {
///         Arc::new(Printing(snapshot))
///     }
///
///     async fn commit(
///         &self,
///         at: u64,
///         actor: String,
///         writes: Vec<Write>,
///     ) -> Result<Committed, Rejection> {
///         println!("{actor} commits {} writes", writes.len());
///         self.0.commit(at, actor, writes).await
///     }
/// }
/// ```
#[async_trait]
pub trait StoreDecorator: Send + Sync + 'static {
    /// The inner store: a type, or `dyn Store` or `dyn TenantStorage`.
    type Inner: Store + ?Sized;

    /// The store that calls are forwarded to.
    fn inner(&self) -> &Self::Inner;

    /// Returns this decorator around a snapshot of the inner store.
    fn wrap(&self, snapshot: Arc<dyn Store>) -> Arc<dyn Store>;

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

    /// [`Store::commit`] of this store; forwarded unless it is provided.
    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.inner().commit(at, actor, writes).await
    }

    /// [`EventLog::events`] of this store; forwarded unless it is provided.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal>
    where
        Self::Inner: EventLog,
    {
        self.inner().events(after, limit).await
    }

    /// [`EventLog::head`] of this store; forwarded unless it is provided.
    async fn head(&self) -> Result<ChainHead, Refusal>
    where
        Self::Inner: EventLog,
    {
        self.inner().head().await
    }

    /// [`HostMetadata::metadata`] of this store; forwarded unless it is provided.
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal>
    where
        Self::Inner: HostMetadata,
    {
        self.inner().metadata(prefix).await
    }

    /// [`HostMetadata::set_metadata`] of this store; forwarded unless it is provided.
    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal>
    where
        Self::Inner: HostMetadata,
    {
        self.inner().set_metadata(guard, changes).await
    }

    /// [`TenantStorage::check_bodies`] of this store; forwarded unless it is provided.
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal>
    where
        Self::Inner: TenantStorage,
    {
        self.inner().check_bodies(after).await
    }
}

#[async_trait]
impl<D: StoreDecorator> Store for D {
    fn id(&self) -> Option<StoreId> {
        self.inner().id()
    }

    fn snapshot(&self) -> Option<Arc<dyn Store>> {
        Some(self.wrap(self.inner().snapshot()?))
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

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        StoreDecorator::commit(self, at, actor, writes).await
    }
}

#[async_trait]
impl<D: StoreDecorator<Inner: EventLog>> EventLog for D {
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        StoreDecorator::events(self, after, limit).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        StoreDecorator::head(self).await
    }
}

#[async_trait]
impl<D: StoreDecorator<Inner: HostMetadata>> HostMetadata for D {
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

#[async_trait]
impl<D: StoreDecorator<Inner: TenantStorage>> TenantStorage for D {
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        StoreDecorator::check_bodies(self, after).await
    }
}
