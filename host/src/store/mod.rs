//! The interfaces to storage, a trait for each caller:
//!
//! | trait | who calls it | who implements it |
//! |---|---|---|
//! | [`Store`] | the component, for one tenant (`wit/store.wit`) | every embedder |
//! | [`EventLog`] | the event feed, webhooks, audits | who uses [`feed`](crate::feed) |
//! | [`HostMetadata`] | the host: epochs of feeds, progress of webhooks | likewise |
//! | [`TenantStorage`] | the host, for one tenant: all of the above | likewise |
//! | [`Database`] | the router, the webhooks and the command, for all tenants | likewise |
//!
//! An embedder who runs only [`Plugin`](crate::Plugin) implements [`Store`], as
//! `host/examples/own_store/` does. [`memory`] and, by features, `sqlite` and `postgres` implement
//! all of them.

mod database;
mod decorator;
mod epoch;
mod event_log;
pub(crate) mod host_event;
mod host_metadata;
mod id;
pub mod issuers;
pub mod limits;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;

use database::no_tenant_name;
pub use database::{Database, DatabaseError, Tenant, TenantStorage, is_tenant_name};
pub use decorator::StoreDecorator;
pub use epoch::Epoch;
pub use event_log::EventLog;
pub use host_metadata::{HostMetadata, MetadataEntry};
pub use id::StoreId;
use scimlet_store::digest;
pub use scimlet_store::{
    Adjustment, BodyPosition, ChainHead, Channel, CheckedBodies, Committed, Comparison, Direction,
    Draft, Entry, Event, Expectation, Filter, Hit, Key, Link, LinkPage, LinkSet, Node, Operator,
    Order, Page, Query, RecordedEvent, Refusal, Rejection, Relation, Removal, Replacement, Scalar,
    Term, Window, Write, hash_chain, validate,
};

/// The storage of one tenant, as the component calls it. `wit/store.wit` is the contract of each
/// asynchronous function, and the cases in the crate `scimlet-contract` check it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Identifies the tenant; `None` if the store cannot. Only instances of identified tenants are
    /// pooled.
    fn id(&self) -> Option<StoreId> {
        None
    }

    /// Returns this store for one request, whose reads then come from one snapshot until it
    /// commits; `None` if the store makes no such difference.
    fn snapshot(&self) -> Option<Arc<dyn Store>> {
        None
    }

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

/// Refuses what is asked of a tenant that was deleted meanwhile.
fn deleted() -> Refusal {
    Refusal::Unavailable("the tenant was deleted".into())
}

/// Refuses to return more bytes than an answer may have.
fn too_many_bytes() -> Refusal {
    Refusal::TooMany("bytes of the entries".into())
}

/// Refuses a search that took too long.
fn too_many_rows() -> Refusal {
    Refusal::TooMany("rows to look at".into())
}

/// Marks a rejection of a commit that certainly did not happen: a failure of the store becomes
/// [`Refusal::NotDone`].
fn not_done(rejection: Rejection) -> Rejection {
    let reason = match rejection.reason {
        Refusal::Unavailable(why) => Refusal::NotDone(why),
        other => other,
    };
    Rejection { reason, ..rejection }
}
