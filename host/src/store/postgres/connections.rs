//! The connections of this host, shared fairly between tenants and the host itself.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::time::timeout;
use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::{Fault, Step};
use super::session::Scope;
use crate::shares::{Place, Shares};

/// How long a call waits for one of them to become free.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// How long the server may take to be told that a statement is no longer wanted.
const CANCEL: Duration = Duration::from_secs(5);

/// Whose a connection is: a tenant's, or the host's own.
type Owner = Option<i64>;

/// Clones are of the same connections.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    shares: Arc<Shares<Owner>>,
    tls: Option<MakeRustlsConnect>,
}

/// A connection in use.
pub(super) struct Connection {
    pub(super) client: Object,
    tls: Option<MakeRustlsConnect>,
    _place: Place<Owner>,
}

impl Connections {
    /// Those of a pool. `tls` is what makes its connections, unless they are made without.
    pub(super) fn new(pool: Pool, tls: Option<MakeRustlsConnect>) -> Self {
        let shares = Shares::new(pool.status().max_size);
        Self { pool, shares, tls }
    }

    /// One, as soon as this owner may have one more.
    pub(super) async fn get(&self, scope: Scope) -> Step<Connection> {
        let owner = match scope {
            Scope::Tenant(tenant) => Some(tenant),
            Scope::Host => None,
        };
        let place = timeout(WAIT, self.shares.place(owner)).await;
        let place = place.map_err(|_| Fault::Unreachable("no connection became free".into()))?;
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
