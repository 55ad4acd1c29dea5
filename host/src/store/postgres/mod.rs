//! Storage for many machines: a PostgreSQL database, or one that speaks its protocol. Any number of
//! hosts work on it at once and keep nothing to themselves, so that what one has acknowledged holds
//! on all of them at their next call.
//!
//! A commit runs at READ COMMITTED and locks what it changes, row by row, in one order that all
//! commits keep to: the entries by their keys, then counters, terms and counts, and at last the
//! tenant's row. So equal wishes queue up instead of failing. Measured with 20 connections that
//! raise one row's version, as those do who all join one group: 1,300 commits a second and none
//! tried again; at SERIALIZABLE 1,100, a third of them tried again, six times on average.
//!
//! What a commit expects it does not lock, but looks at again when it has the tenant's row: nothing
//! else of the tenant becomes visible from there until it is durable. With shared locks, which
//! PostgreSQL lets pass those who wait for an exclusive one, a credential that many requests use
//! could not be revoked.

mod bodies;
mod commit;
mod connect;
mod connections;
mod dialect;
mod error;
mod find;
mod links;
mod metadata;
mod names;
mod nul;
mod read;
mod role;
mod schema;
mod session;
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

/// Searches of this host that run at once if they take longer, shared between tenants; the others
/// wait. As many as this machine has processors, in place of the database's, which nobody knows,
/// and at least 2: more would keep those from what takes a moment.
fn searches() -> usize {
    std::thread::available_parallelism().map_or(2, |count| usize::from(count).max(2))
}

/// A database in PostgreSQL. Clones share it.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    number: u64,
    pool: Connections,
    searches: Arc<FairSemaphore<i64>>,
    /// Rung when there is something to sweep up.
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
    /// up to date; only with `make` does it make them where there are none. A password may be in
    /// the URL or in `PGPASSWORD`. Refuses a database that is not scimlet's or was written by a
    /// newer scimlet. Needs a tokio runtime, here and later.
    pub async fn open(url: &str, make: bool) -> Result<Postgres, DatabaseError> {
        let pool = connect::connections(url)?;
        schema::prepare(&pool, make).await?;
        if make {
            role::warn_if_powerful(&pool).await?;
        }
        let bell = Arc::new(Notify::new());
        let sweeper = tokio::spawn(sweep::keep_sweeping(pool.clone(), bell.clone()));
        let sweeper = sweeper.abort_handle();
        Ok(Postgres {
            shared: Arc::new(Shared {
                number: StoreId::next_database(),
                pool,
                searches: FairSemaphore::new(searches()),
                garbage: bell,
                sweeper,
            }),
        })
    }
}
