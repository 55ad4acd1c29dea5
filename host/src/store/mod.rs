//! The ports to storage: [`Store`], what one tenant's component instance sees (`wit/store.wit`),
//! and [`Database`], what the host keeps around it: the list of tenants and its own settings.

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

/// One tenant's storage. `wit/store.wit` is the contract of every function that has its namesake
/// there; the contract suite in the crate `scimlet-tests` runs it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Which tenant this is the storage of; `None` if the store cannot tell. Instances are kept for
    /// those alone that it can tell apart.
    fn id(&self) -> Option<StoreId> {
        None
    }

    /// The same storage for one request, whose reads may then all be of one moment until it
    /// commits; `None` if that is no different.
    fn snapshot(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// The entries of these keys, in their order.
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal>;

    /// One page of the entries that match.
    async fn find(&self, query: Query) -> Result<Page, Refusal>;

    /// One page of links for each anchor, in their order.
    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal>;

    /// Whether each link is there, in their order.
    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal>;

    /// The value of each counter, in their order; 0 for one that was never adjusted. The guest
    /// cannot call this: it bounds counters by the writes that adjust them.
    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal>;

    /// All writes or none, at the time `at` (milliseconds since 1970) or a later one; returns that
    /// time and the new version of each entry that changed.
    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection>;

    /// The tenant's events with numbers above `after`, in their order: at most `limit` of them, at
    /// least one if there is one. Fewer than `limit` do not mean that no more follow; none does.
    /// The guest cannot call this.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal>;

    /// The last event, as the store knows it apart from the events themselves: whoever cut some off
    /// has to forge this too. The guest cannot call this, nor what follows.
    async fn head(&self) -> Result<ChainHead, Refusal>;

    /// Compares stored bodies of entries with the digests that were written with them: a bounded
    /// number of those behind `after`. A store that keeps no digests has nothing to compare.
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        let _ = after;
        Ok(CheckedBodies::default())
    }

    /// What the host noted about the tenant for itself under names with this prefix, by name.
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal>;

    /// Sets metadata, or removes those that are `None`: all of them, or none and false if the memo
    /// `guard` is not as it says. Acknowledged means durable.
    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal>;
}

/// A name, and what is noted under it; `None` for nothing.
pub type MetadataEntry = (String, Option<String>);

/// Where a tenant's chain of events ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of the last event; 0 before the first.
    pub sequence: u64,
    /// Its digest; [`chain::START`] before the first.
    pub digest: hash_chain::Digest,
}

impl ChainHead {
    /// Before the first event.
    pub const START: Self = Self {
        sequence: 0,
        digest: hash_chain::START,
    };
}

/// An event as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Counts from 1 in each tenant, without gaps, in the order of commits.
    pub sequence: u64,
    /// Milliseconds since 1970: the time of its commit, later than that of every commit which a
    /// reader may have seen without it.
    pub at: u64,
    /// Who caused it, by id.
    pub actor: String,
    /// What the guest appended. The body is empty after a `redact`.
    pub event: Event,
    /// SHA-256 of the body as it was appended; it stays when the body is emptied.
    pub body_digest: hash_chain::Digest,
    /// SHA-256 over the previous event's digest (32 zero bytes before the first) and this event's
    /// number, time, channel, actor, name, subject and body digest, as [`chain::digest`] puts them
    /// together.
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

/// Whether a tenant may have this name: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
pub fn is_tenant_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

/// One tenant as the host lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// As URLs have it: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
    pub name: String,
    /// Milliseconds since 1970.
    pub created: u64,
}

/// Why a [`Database`] did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// A tenant of this name is there already.
    #[error("tenant `{0}` exists already")]
    Exists(String),
    /// No tenant has this name.
    #[error("there is no tenant `{0}`")]
    Unknown(String),
    /// The file, server or name is not what this version can work with.
    #[error("{0}")]
    Unsuitable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Unavailable(String),
    /// What is stored is damaged: to try again does not help.
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

/// What was refused of a commit that certainly did not happen: what the store fails at then is
/// known not to be done.
fn not_done(rejection: Rejection) -> Rejection {
    let reason = match rejection.reason {
        Refusal::Unavailable(why) => Refusal::NotDone(why),
        other => other,
    };
    Rejection {
        reason,
        ..rejection
    }
}

/// All tenants of one database, and the host's own settings. Any number of hosts and commands work
/// on it at once.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Makes an empty tenant. `at` is milliseconds since 1970. Refused as
    /// [`DatabaseError::Exists`], or as [`DatabaseError::Unsuitable`] if no tenant may have this
    /// name.
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError>;

    /// All tenants, by name.
    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError>;

    /// Removes a tenant and everything in it. No later call shows it, however long the store takes
    /// to sweep up: [`Database::swept`] waits for that.
    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError>;

    /// Waits until everything that was removed has left the storage itself: the file and its log,
    /// or the tables. False if that takes longer than `patience`; it goes on then. True at once for
    /// storage that keeps nothing for later.
    async fn swept(&self, _patience: Duration) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    /// The storage of this tenant; `None` if there is no such tenant. A tenant that is deleted and
    /// made anew is another one: the store of the old one stays empty and refuses commits.
    async fn open(&self, name: &str) -> Result<Option<Arc<dyn Store>>, DatabaseError>;

    /// Completes when what was opened is no longer there, such as a file that was removed or
    /// replaced, and says what happened to it. From then on every call fails. A database that comes
    /// back by itself is not lost.
    async fn lost(&self) -> String {
        std::future::pending().await
    }

    /// Whether [`Database::lost`] is known to have happened.
    fn is_lost(&self) -> bool {
        false
    }

    /// For how long it has not been possible to bring what is committed from a log into the
    /// database; `None` if it is possible, or where there is no such log.
    fn checkpoints_failing(&self) -> Option<Duration> {
        None
    }

    /// The time of the newest event of all tenants, in milliseconds since 1970; `None` if there is
    /// no event.
    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError>;
    /// Whether an older copy was put in the place of the database that was here, which a file can
    /// find by what was noted beside it. True until [`Database::raise_epochs`].
    fn is_restored(&self) -> bool {
        false
    }

    /// Begins a new epoch of every tenant's feed, since the database was restored from an older
    /// copy; of how many tenants. `at` is milliseconds since 1970.
    async fn raise_epochs(&self, at: u64) -> Result<usize, DatabaseError> {
        epoch::raise_all(self, at).await
    }

    /// A setting of the host, such as its public URL; `None` if it was never set.
    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError>;

    /// Sets a setting of the host.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError>;
}
