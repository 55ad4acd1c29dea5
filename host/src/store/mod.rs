//! The interfaces to storage: [`Store`] for one tenant, which its component instances use
//! (`wit/store.wit`), and [`Database`] for the host: the list of tenants and the host's settings.

mod decorator;
mod digest;
mod epoch;
mod filter;
pub mod hash_chain;
mod id;
pub mod issuers;
pub mod limits;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use crate::bindings::scimlet::plugin::store::{
    Adjustment, Channel, Committed, Comparison, Direction, Draft, Entry, Event, Expectation, Hit,
    Key, Link, LinkPage, LinkSet, Node, Operator, Order, Page, Query, Refusal, Rejection, Relation,
    Removal, Replacement, Scalar, Term, Window, Write,
};
pub use decorator::StoreDecorator;
pub use digest::{BodyPosition, CheckedBodies};
pub use epoch::Epoch;
pub use filter::Filter;
pub use id::StoreId;

/// The storage of one tenant. `wit/store.wit` is the contract of every function that also exists
/// there; the contract tests in the crate `scimlet-tests` check it.
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

    /// Returns the value of each counter, in the order of the names; 0 for one that was never
    /// adjusted. The guest cannot call this: it limits counters in the writes that adjust them.
    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal>;

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

    /// Returns the tenant's events with sequence numbers above `after`, in order: at most `limit`,
    /// and at least one if there is one. Only an empty answer means that no more follow. The guest
    /// cannot call this.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal>;

    /// Returns the end of the event log as the store records it apart from the events, so that a
    /// truncated log shows. The guest cannot call this, nor the following functions.
    async fn head(&self) -> Result<ChainHead, Refusal>;

    /// Checks a bounded number of the bodies after `after` against the digests that were written
    /// with them. A store without digests checks nothing.
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        let _ = after;
        Ok(CheckedBodies::default())
    }

    /// Returns the host's metadata of the tenant with names that begin with `prefix`, sorted by
    /// name.
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal>;

    /// Sets metadata entries, or removes those that are `None`. Changes all of them, or none and
    /// returns `false` if the entry `guard` has another value. Acknowledged changes are durable.
    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal>;
}

/// A name and its text; `None` if there is no such entry.
pub type MetadataEntry = (String, Option<String>);

/// The end of a tenant's hash chain of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The sequence number of the last event; 0 before the first.
    pub sequence: u64,
    /// The digest of the last event; [`hash_chain::START`] before the first.
    pub digest: hash_chain::Digest,
}

impl ChainHead {
    /// The end of a log without events.
    pub const START: Self = Self { sequence: 0, digest: hash_chain::START };
}

/// An event as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Counts from 1 in each tenant, without gaps, in commit order.
    pub sequence: u64,
    /// The time of its commit in milliseconds since 1970: later than that of every commit that a
    /// reader may have seen without this one.
    pub at: u64,
    /// The id of the actor that caused the event.
    pub actor: String,
    /// The event that the guest appended. Its body is empty after a `redact`.
    pub event: Event,
    /// SHA-256 of the body as it was appended. It stays when the body is redacted.
    pub body_digest: hash_chain::Digest,
    /// SHA-256 over the previous event's digest and this event, as [`hash_chain::digest`] computes
    /// it.
    pub digest: hash_chain::Digest,
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

/// Refuses a name that [`is_tenant_name`] does not allow.
fn no_tenant_name(name: &str) -> DatabaseError {
    let why = "a tenant's name is 1 to 63 of `a`-`z`, `0`-`9` and `-`";
    DatabaseError::Unsuitable(format!("`{name}` is no tenant's name: {why}"))
}

/// Returns whether a tenant may have this name: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
pub fn is_tenant_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

/// A tenant in the host's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The name as it appears in URLs: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
    pub name: String,
    /// The time of creation in milliseconds since 1970.
    pub created: u64,
}

/// Why a [`Database`] call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// A tenant of this name exists already.
    #[error("tenant `{0}` exists already")]
    Exists(String),
    /// No tenant has this name.
    #[error("there is no tenant `{0}`")]
    Unknown(String),
    /// This version cannot use the file, server or name.
    #[error("{0}")]
    Unsuitable(String),
    /// The database failed; a later attempt may succeed.
    #[error("the database failed: {0}")]
    Unavailable(String),
    /// Stored data is damaged; trying again does not help.
    #[error("{0}")]
    Damaged(String),
}

impl From<Refusal> for DatabaseError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(why) | Refusal::NotDone(why) => Self::Unavailable(why),
            Refusal::Damaged(why) => Self::Damaged(why),
            other => Self::Unavailable(format!("{other:?}")),
        }
    }
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

/// All tenants of one database, and the host's settings. Any number of hosts and commands may use
/// it at the same time.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Creates an empty tenant. `at` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`DatabaseError::Exists`] if the name is in use, [`DatabaseError::Unsuitable`] if no tenant
    /// may have it.
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError>;

    /// Returns all tenants, sorted by name.
    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError>;

    /// Deletes a tenant and everything in it. No later call shows it, even while the store still
    /// sweeps its data: [`Database::swept`] waits for that.
    ///
    /// # Errors
    /// [`DatabaseError::Unknown`] if no tenant has this name.
    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError>;

    /// Waits until all removed data has left the storage itself: the file and its log, or the
    /// tables. Returns `false` if that takes longer than `timeout`; sweeping continues then.
    /// Returns `true` at once for storage that removes data immediately.
    async fn swept(&self, _timeout: Duration) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    /// Returns the store of this tenant; `None` if there is no such tenant. A tenant that is
    /// deleted and created again is a different one: a store of the old one is empty and refuses
    /// commits.
    async fn open(&self, name: &str) -> Result<Option<Arc<dyn Store>>, DatabaseError>;

    /// Completes when the opened database is gone, for example because its file was removed or
    /// replaced, and returns what happened. From then on every call fails. A database that may
    /// become reachable again is not lost.
    async fn lost(&self) -> String {
        std::future::pending().await
    }

    /// Returns whether the database is known to be lost (see [`Database::lost`]).
    fn is_lost(&self) -> bool {
        false
    }

    /// Returns for how long the log of commits could not be copied into the database; `None` if the
    /// latest checkpoint succeeded or there is no such log.
    fn checkpoints_failing(&self) -> Option<Duration> {
        None
    }

    /// Returns the time of the newest event of all tenants, in milliseconds since 1970; `None` if
    /// there are no events.
    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError>;
    /// Returns whether an older copy of the database was restored, which a file database detects by
    /// the record beside it. True until [`Database::raise_epochs`].
    fn is_restored(&self) -> bool {
        false
    }

    /// Begins a new epoch of every tenant's feed after a restore. `at` is in milliseconds since
    /// 1970. Returns the number of tenants.
    async fn raise_epochs(&self, at: u64) -> Result<usize, DatabaseError> {
        epoch::raise_all(self, at).await
    }

    /// Returns a setting of the host, such as its public URL; `None` if it was never set.
    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError>;

    /// Sets a setting of the host.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError>;
}
