//! One transaction on a pooled connection, bound to a tenant. PostgreSQL itself enforces the
//! binding: its policies show no statement the rows of another tenant.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use scimlet_sql::Sql;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::connections::{Connection, Connections};
use super::error::{PostgresError, PostgresResult};
use super::statement::{Parameter, parameters};
use crate::active::Owner;
use crate::store::{Refusal, limits};

/// How long to wait for an answer of the server: longer than a statement may run there. A
/// connection that stays silent for so long is closed, and with it all idle ones.
pub(super) const SILENCE: Duration = Duration::from_secs(21);

/// Which rows a transaction may access.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// The rows of one tenant.
    Tenant(i64),
    /// The rows of one tenant, for a long search. Its connection does not count towards the
    /// tenant's share, so that the search stops nothing else of the tenant: few run at once anyway.
    LongSearch(i64),
    /// All rows, to look up the tenant of a name. Holds a hash of that name, since the connection
    /// counts towards that tenant's share.
    Name(u64),
    /// All rows, for the host itself.
    Host,
}

/// A name is looked up by every request, also by requests to tenants that do not exist.
impl Owner for Scope {
    fn tenant(self) -> Option<Self> {
        match self {
            Self::Tenant(id) | Self::LongSearch(id) => Some(Self::Tenant(id)),
            Self::Name(_) | Self::Host => None,
        }
    }
}

/// The values of a statement's parameters `$1`, `$2` ….
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction. Dropping it before its end closes the connection and cancels the running
/// statement on the server.
pub(super) struct Session {
    connection: Option<Connection>,
    /// Whether the connection must not return to the pool.
    broken: AtomicBool,
}

impl Session {
    /// Begins a read-only transaction on one snapshot. Does not wait for the server: if the
    /// transaction cannot begin, the first statement fails.
    pub(super) async fn read(pool: &Connections, scope: Scope) -> PostgresResult<Session> {
        Self::read_within(pool, scope, limits::SEARCH).await
    }

    /// Begins a read-only transaction on one snapshot in which each statement may take `time`.
    pub(super) async fn read_within(
        pool: &Connections,
        scope: Scope,
        time: Duration,
    ) -> PostgresResult<Session> {
        let connection = pool.get(scope).await?;
        let mut begin = begin("REPEATABLE READ READ ONLY", scope);
        let time = time.as_millis();
        begin.push_str(&format!(", set_config('statement_timeout', '{time}', true)"));
        send(connection.client.batch_execute(&begin));
        Ok(Session { connection: Some(connection), broken: AtomicBool::new(false) })
    }

    /// Begins a transaction that writes, at READ COMMITTED: each statement sees what was committed
    /// before it.
    pub(super) async fn write(pool: &Connections, scope: Scope) -> PostgresResult<Session> {
        let connection = pool.get(scope).await?;
        let session = Session { connection: Some(connection), broken: AtomicBool::new(false) };
        let begin = begin("READ COMMITTED", scope);
        session.answered(session.client()?.batch_execute(&begin)).await?;
        Ok(session)
    }

    /// Changes which rows the rest of the transaction may access.
    pub(super) async fn rescope(&self, scope: Scope) -> PostgresResult<()> {
        let sql = "SELECT set_config('scimlet.tenant', $1, true)";
        self.rows(sql, &[&scope.setting()]).await.map(drop)
    }

    /// Ends a read-only transaction and passes `result` on. Does not wait for the server: the next
    /// statement on the connection queues behind.
    pub(super) fn end<T>(mut self, result: PostgresResult<T>) -> PostgresResult<T> {
        if !self.is_broken()
            && let Some(connection) = self.connection.take()
        {
            send(connection.client.batch_execute("COMMIT"));
        }
        result
    }

    /// Ends a read-only transaction like [`Session::end`], but keeps the connection from the pool
    /// until the server has confirmed the end: a short `statement_timeout` may cancel that too, and
    /// would leave the next user of the connection an aborted transaction.
    pub(super) fn end_confirmed<T>(mut self, result: PostgresResult<T>) -> PostgresResult<T> {
        if !self.is_broken()
            && let Some(connection) = self.connection.take()
        {
            tokio::spawn(async move {
                let ended = timeout(SILENCE, connection.client.batch_execute("COMMIT")).await;
                if !matches!(ended, Ok(Ok(()))) {
                    connection.discard();
                }
            });
        }
        result
    }

    /// Commits; the changes are durable when this returns.
    pub(super) async fn commit(mut self) -> PostgresResult<()> {
        self.answered(self.client()?.batch_execute("COMMIT")).await?;
        self.release();
        Ok(())
    }

    /// Rolls the transaction back.
    pub(super) async fn roll_back(mut self) -> PostgresResult<()> {
        if self.is_broken() {
            return Ok(());
        }
        self.answered(self.client()?.batch_execute("ROLLBACK")).await?;
        self.release();
        Ok(())
    }

    /// Returns the connection to the pool, unless it is broken.
    fn release(&mut self) {
        if !self.is_broken() {
            self.connection.take();
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Waits at most [`SILENCE`] for an answer. An error that proves the connections unusable
    /// closes all idle ones.
    async fn answered<T>(&self, call: impl Future<Output = Result<T, Error>>) -> PostgresResult<T> {
        let answer = timeout(SILENCE, call).await;
        let fault = match answer.map(|answer| answer.map_err(PostgresError::from)) {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(fault)) => fault,
            Err(_) => PostgresError::Silent,
        };
        if fault.ends_connections() && !self.broken.swap(true, Ordering::Relaxed) {
            tracing::warn!("connections to the database are given up: {fault:?}");
            if let Some(connection) = &self.connection {
                connection.close_idle();
            }
        }
        Err(fault)
    }

    /// Returns the rows of a statement, which is prepared once per connection.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> PostgresResult<Vec<Row>> {
        let client = self.client()?;
        let statement = self.answered(client.prepare_cached(sql)).await?;
        self.answered(client.query(&statement, parameters)).await
    }

    /// Runs a statement that returns no rows.
    pub(super) async fn run(&self, sql: &str, parameters: Parameters<'_>) -> PostgresResult<()> {
        let client = self.client()?;
        let statement = self.answered(client.prepare_cached(sql)).await?;
        let run = self.answered(client.execute(&statement, parameters));
        run.await.map(drop)
    }

    /// Returns the rows of a statement; `None` if there are several and `weigh` adds up to more
    /// than `bound`.
    pub(super) async fn weighed(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        weigh: fn(&Row) -> usize,
        bound: usize,
    ) -> PostgresResult<Option<Vec<Row>>> {
        let client = self.client()?;
        let statement = self.answered(client.prepare_cached(sql)).await?;
        let parameters = parameters.iter().copied();
        let rows = self.answered(client.query_raw(&statement, parameters));
        let mut stream = pin!(rows.await?);
        let (mut rows, mut weight) = (Vec::new(), 0);
        while let Some(row) = self.answered(stream.try_next()).await? {
            weight += weigh(&row);
            if weight > bound && !rows.is_empty() {
                return Ok(None);
            }
            rows.push(row);
        }
        Ok(Some(rows))
    }

    /// Returns the rows of composed SQL. It is not kept prepared: its shapes are unlimited in
    /// number, and PostgreSQL plans best when it knows the values.
    pub(super) async fn search(&self, sql: &Sql) -> PostgresResult<Vec<Row>> {
        let client = self.client()?;
        let (text, parameters) = (sql.numbered(), parameters(sql));
        let typed: Vec<_> = parameters.iter().map(Parameter::typed).collect();
        self.answered(client.query_typed(&text, &typed)).await
    }

    fn client(&self) -> PostgresResult<&Object> {
        let gone = || Refusal::Unavailable("the transaction has ended".into());
        let connection = self.connection.as_ref().ok_or_else(gone)?;
        Ok(&connection.client)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.abandon();
        }
    }
}

impl Scope {
    /// The value of the setting `scimlet.tenant`, on which PostgreSQL's policies depend.
    fn setting(self) -> String {
        match self {
            Scope::Tenant(id) | Scope::LongSearch(id) => id.to_string(),
            Scope::Name(_) | Scope::Host => "*".to_owned(),
        }
    }
}

fn begin(mode: &str, scope: Scope) -> String {
    let scope = scope.setting();
    format!("BEGIN ISOLATION LEVEL {mode}; SELECT set_config('scimlet.tenant', '{scope}', true)")
}

/// Sends a statement without waiting for the answer. The driver queues it when it is first polled.
fn send(statement: impl Future) {
    let statement = pin!(statement);
    drop(statement.poll(&mut Context::from_waker(Waker::noop())));
}
