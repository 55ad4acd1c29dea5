//! The functions of `wit/store.wit` as a trait, for WebAssembly, where the library `scimlet` with
//! its own cannot be.

use async_trait::async_trait;

use scimlet_store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

/// The storage of one tenant. `wit/store.wit` is the contract of each function.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the entries of these keys, in the order of the keys; `None` for those that do not
    /// exist.
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal>;

    /// Returns one page of the entries that match the query.
    async fn find(&self, query: Query) -> Result<Page, Refusal>;

    /// Returns one page of links for each anchor, in the order of the anchors.
    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal>;

    /// Returns whether each link exists, in the order of `links`.
    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal>;

    /// Applies all writes or none, at the time `at` (milliseconds since 1970) or a later one.
    /// Returns that time and the new version of each entry that changed.
    ///
    /// # Errors
    /// The first write that was refused, and why.
    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection>;
}
