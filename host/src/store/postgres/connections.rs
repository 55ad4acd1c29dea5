//! The connections of this host, shared fairly between tenants and the host itself.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::time::timeout;
use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{NO_CONNECTION, PostgresError, PostgresResult};
use super::session::Scope;
use crate::fair_semaphore::{FairPermit, FairSemaphore};

/// How long a call waits for one of them to become free.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// How long the server may take to be told that a statement is no longer wanted.
const CANCEL: Duration = Duration::from_secs(5);

/// Connections that no tenant gets, for what the host does itself.
const RESERVE: usize = 2;

/// Clones are of the same connections.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    /// Those of tenants.
    shares: Arc<FairSemaphore<Scope>>,
    reserve: Arc<FairSemaphore<Scope>>,
    tls: Option<MakeRustlsConnect>,
}

/// A connection in use.
pub(super) struct Connection {
    pub(super) client: Object,
    tls: Option<MakeRustlsConnect>,
    _place: FairPermit<Scope>,
}

impl Connections {
    /// Those of a pool. `tls` is what makes its connections, unless they are made without.
    pub(super) fn new(pool: Pool, tls: Option<MakeRustlsConnect>) -> Self {
        let tenants = pool.status().max_size.saturating_sub(RESERVE);
        Self {
            pool,
            shares: FairSemaphore::new(tenants.max(1)),
            reserve: FairSemaphore::new(RESERVE),
            tls,
        }
    }

    /// One, as soon as there is one more for this scope.
    pub(super) async fn get(&self, scope: Scope) -> PostgresResult<Connection> {
        let shares = match scope {
            Scope::Tenant(_) | Scope::Name(_) => &self.shares,
            Scope::Host => &self.reserve,
        };
        let place = timeout(WAIT, shares.acquire(scope)).await;
        let place = place.map_err(|_| PostgresError::Unreachable(NO_CONNECTION.into()))?;
        Ok(Connection {
            client: self.pool.get().await?,
            tls: self.tls.clone(),
            _place: place,
        })
    }
}

impl Connection {
    /// Closes those that idle, after one has shown that connections made so far are of no use.
    pub(super) fn close_idle(&self) {
        if let Some(pool) = Object::pool(&self.client) {
            pool.retain(|_, _| false);
        }
    }

    /// Gives it up in the middle of a statement, and has the server end that.
    pub(super) fn abandon(self) {
        let token = self.client.cancel_token();
        drop(Object::take(self.client));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(cancel(token, self.tls));
        }
    }
}

/// An error means that the server is away, and with it the statement.
async fn cancel(token: CancelToken, tls: Option<MakeRustlsConnect>) {
    let told = async {
        match tls {
            Some(tls) => token.cancel_query(tls).await,
            None => token.cancel_query(NoTls).await,
        }
    };
    drop(timeout(CANCEL, told).await);
}
