//! [`Database`]: all tenants of the reference host, and [`TenantStorage`], one of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{BodyPosition, CheckedBodies, EventLog, HostMetadata, Refusal, Store, epoch};

/// The storage of one tenant of the reference host: what the component calls ([`Store`]), what the
/// feed, webhooks and audits read ([`EventLog`]), and what the host itself keeps
/// ([`HostMetadata`]). It coerces to each of them.
#[async_trait]
pub trait TenantStorage: Store + EventLog + HostMetadata {
    /// Checks a bounded number of the stored bodies after `after` against the digests that were
    /// written with them. A store without digests checks nothing.
    async fn check_bodies(&self, after: BodyPosition) -> Result<CheckedBodies, Refusal> {
        let _ = after;
        Ok(CheckedBodies::default())
    }
}

/// Refuses a name that [`is_tenant_name`] does not allow.
pub(super) fn no_tenant_name(name: &str) -> DatabaseError {
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

/// All tenants of one database, and the host's settings. Any number of hosts and commands may use
/// the database at the same time.
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
    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError>;

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
