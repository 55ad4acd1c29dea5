//! Storage for many machines: a PostgreSQL database, or one that speaks its protocol. Any number of
//! hosts use it at once and cache none of its data, so that what one host acknowledged holds on all
//! hosts at their next call.
//!
//! A commit runs at READ COMMITTED and locks the rows that it changes, in one order that all
//! commits follow: entries by their keys, then terms, and finally the tenant's row, whose lock
//! covers the counters, the counts and the events too. So conflicting commits queue instead of
//! failing. Measured with 20 connections that all raise the version of one row, as when many users
//! join one group: 1,300 commits a second and no retries; at SERIALIZABLE 1,100, with a third of
//! the commits retried, six times on average.
//!
//! Entries that a commit only expects are not locked, but compared again once it holds the tenant's
//! row: from then until the commit is durable no other commit of the tenant becomes visible. With
//! shared locks, which PostgreSQL grants ahead of a waiting exclusive lock, a credential that many
//! requests use could not be revoked.

mod bodies;
mod commit;
mod connect;
mod connections;
mod error;
mod find;
mod links;
mod metadata;
mod names;
mod read;
mod role;
mod schema;
mod session;
mod statement;
mod store;
mod sweep;
mod tenants;
mod tls;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub use self::connect::redacted;
use self::connections::Connections;
use super::{DatabaseError, StoreId};
use crate::fair_semaphore::FairSemaphore;

/// The most long searches of this host that run at once, shared between tenants; others wait.
/// Equals the number of this machine's processors, because the database's is unknown, but at least
/// 2. More would slow down short queries.
fn searches() -> usize {
    std::thread::available_parallelism().map_or(2, |count| usize::from(count).max(2))
}

/// A PostgreSQL database. Clones share its connections.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    number: u64,
    pool: Connections,
    searches: Arc<FairSemaphore<i64>>,
    /// Notified when there is garbage to sweep.
    garbage: Arc<Notify>,
    sweeper: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

impl Postgres {
    /// Connects to the database at a URL such as `postgres://user@host/name`, and brings its tables
    /// up to date. Creates missing tables only if `make` is true. The password may be in the URL or
    /// in `PGPASSWORD`. Needs a tokio runtime, also for all later calls.
    ///
    /// # Errors
    /// [`DatabaseError::Unsuitable`] if the URL is invalid, or the database is not scimlet's, was
    /// written by a newer scimlet or has no tables; [`DatabaseError::Unavailable`] if it cannot be
    /// reached.
    pub async fn open(url: &str, make: bool) -> Result<Postgres, DatabaseError> {
        let pool = connect::connections(url)?;
        schema::prepare(&pool, make).await?;
        if make {
            role::warn_if_powerful(&pool).await?;
        }
        let garbage = Arc::new(Notify::new());
        let sweeper = tokio::spawn(sweep::keep_sweeping(pool.clone(), garbage.clone()));
        let sweeper = sweeper.abort_handle();
        Ok(Postgres {
            shared: Arc::new(Shared {
                number: StoreId::next_database(),
                pool,
                searches: FairSemaphore::new(searches()),
                garbage,
                sweeper,
            }),
        })
    }
}
