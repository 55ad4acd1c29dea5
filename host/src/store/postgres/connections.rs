//! The host's connections, shared fairly between tenants and the host itself.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool, PoolError};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{CancelToken, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{NO_CONNECTION, PostgresError, PostgresResult};
use super::session::Scope;
use crate::fair_semaphore::{FairPermit, FairSemaphore};

/// How long a call waits for a free connection.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// How long to wait before connecting again to a socket whose queue is full.
const FULL: Duration = Duration::from_millis(20);

/// How long the request to cancel a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

/// Connections that are reserved for the host itself.
const RESERVE: usize = 2;

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    /// Permits for connections of tenants.
    shares: Arc<FairSemaphore<Scope>>,
    reserve: Arc<FairSemaphore<Scope>>,
    tls: Option<MakeRustlsConnect>,
    is_local: bool,
}

/// A connection in use, with the permit for it.
pub(super) struct Connection {
    pub(super) client: Object,
    tls: Option<MakeRustlsConnect>,
    _permit: FairPermit<Scope>,
}

impl Connections {
    /// Wraps a pool. `tls` is the connector of its connections, or `None` if they are not
    /// encrypted. A database on this machine (`is_local`) computes on the processors of this
    /// process, of which one tenant's statements leave one to other tenants while several are
    /// active; its long searches come on top.
    pub(super) fn new(pool: Pool, tls: Option<MakeRustlsConnect>, is_local: bool) -> Self {
        let tenants = pool.status().max_size.saturating_sub(RESERVE).max(1);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let beside_others = match is_local {
            true => processors.saturating_sub(1).max(1),
            false => tenants,
        };
        Self {
            pool,
            shares: FairSemaphore::bounded(tenants, beside_others),
            reserve: FairSemaphore::new(RESERVE),
            tls,
            is_local,
        }
    }

    /// Whether the database is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Waits up to [`WAIT`] for a connection for this scope.
    pub(super) async fn get(&self, scope: Scope) -> PostgresResult<Connection> {
        let shares = match scope {
            Scope::Tenant(_) | Scope::LongSearch(_) | Scope::Name(_) => &self.shares,
            Scope::Host => &self.reserve,
        };
        let permit = timeout(WAIT, shares.acquire(scope)).await;
        let permit = permit.map_err(|_| PostgresError::Unreachable(NO_CONNECTION.into()))?;
        Ok(Connection { client: self.client().await?, tls: self.tls.clone(), _permit: permit })
    }

    /// Returns an idle connection of the pool, or a new one. Connecting to a Unix socket does not
    /// wait while the server has many connections to accept, but fails, so this tries again for up
    /// to [`WAIT`].
    async fn client(&self) -> Result<Object, PoolError> {
        let begun = Instant::now();
        loop {
            match self.pool.get().await {
                Err(PoolError::Backend(error))
                    if is_queue_full(&error) && begun.elapsed() < WAIT =>
                {
                    sleep(FULL).await;
                }
                got => return got,
            }
        }
    }
}

impl Connection {
    /// Closes the idle connections of the pool, after one has proved unusable.
    pub(super) fn close_idle(&self) {
        if let Some(pool) = Object::pool(&self.client) {
            pool.retain(|_, _| false);
        }
    }

    /// Closes the connection.
    pub(super) fn discard(self) {
        drop(Object::take(self.client));
    }

    /// Drops the connection during a statement, and asks the server to cancel the statement.
    pub(super) fn abandon(self) {
        let token = self.client.cancel_token();
        drop(Object::take(self.client));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(cancel(token, self.tls));
        }
    }
}

/// Whether a Unix socket had no room for another connection (`EAGAIN`).
fn is_queue_full(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::WouldBlock)
}

/// An error is ignored: the server is gone then, and the statement with it.
async fn cancel(token: CancelToken, tls: Option<MakeRustlsConnect>) {
    let cancelled = async {
        match tls {
            Some(tls) => token.cancel_query(tls).await,
            None => token.cancel_query(NoTls).await,
        }
    };
    drop(timeout(CANCEL, cancelled).await);
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn long_searches_make_their_tenant_active() {
        let shares = FairSemaphore::bounded(18, 1);
        let get = |scope| shares.acquire(scope).now_or_never();
        let searching = get(Scope::LongSearch(1));
        let other = get(Scope::Tenant(2));
        let names: Vec<_> = (0..18).filter_map(|_| get(Scope::Name(1))).collect();
        assert!(searching.is_some() && other.is_some());
        assert_eq!(names.len(), 1, "two tenants are active");
    }
}
