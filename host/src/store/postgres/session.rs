//! One transaction on a connection of the pool, bound to a tenant. The binding is PostgreSQL's own
//! business from there on: its policies let no statement see another tenant's rows.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::connections::{Connection, Connections};
use super::error::{PostgresError, PostgresResult};
use crate::store::sql::Sql;
use crate::store::{Refusal, limits};

/// How long an answer of the server is waited for: longer than a statement may run there. A
/// connection that was silent for as long is closed, and so are those that idle.
pub(super) const SILENCE: Duration = Duration::from_secs(21);

/// Whose rows a transaction may touch.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// One tenant's.
    Tenant(i64),
    /// All, to look for the tenant of this name, of which this is a digest: it is the tenant's
    /// share of the connections that is used.
    Name(u64),
    /// All, for what the host does itself.
    Host,
}

/// What a statement's `$1`, `$2` … stand for.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction. Dropped before its end, it takes its connection with it, and ends on the server,
/// too, what that is at.
pub(super) struct Session {
    connection: Option<Connection>,
    /// Whether nobody may use the connection after this.
    broken: AtomicBool,
}

impl Session {
    /// A transaction that reads, all from one snapshot. Does not wait for the server: if the
    /// transaction did not begin, what is asked first fails.
    pub(super) async fn read(pool: &Connections, scope: Scope) -> PostgresResult<Session> {
        Self::read_within(pool, scope, limits::SEARCH).await
    }

    /// As [`Self::read`], with as much time for each statement.
    pub(super) async fn read_within(
        pool: &Connections,
        scope: Scope,
        time: Duration,
    ) -> PostgresResult<Session> {
        let connection = pool.get(scope).await?;
        let mut begin = begin("REPEATABLE READ READ ONLY", scope);
        let time = time.as_millis();
        begin.push_str(&format!(
            ", set_config('statement_timeout', '{time}', true)"
        ));
        send(connection.client.batch_execute(&begin));
        Ok(Session {
            connection: Some(connection),
            broken: AtomicBool::new(false),
        })
    }

    /// A transaction that writes. Each statement sees what was committed before it.
    pub(super) async fn write(pool: &Connections, scope: Scope) -> PostgresResult<Session> {
        let connection = pool.get(scope).await?;
        let session = Session {
            connection: Some(connection),
            broken: AtomicBool::new(false),
        };
        let begin = begin("READ COMMITTED", scope);
        session
            .answered(session.client()?.batch_execute(&begin))
            .await?;
        Ok(session)
    }

    /// Lets the rest of the transaction touch other rows.
    pub(super) async fn rescope(&self, scope: Scope) -> PostgresResult<()> {
        let sql = "SELECT set_config('scimlet.tenant', $1, true)";
        self.rows(sql, &[&scope.setting()]).await.map(drop)
    }

    /// Ends a transaction that read, whatever came out of it. Nothing is waited for: whoever uses
    /// the connection next stands behind it.
    pub(super) fn end<T>(mut self, result: PostgresResult<T>) -> PostgresResult<T> {
        if !self.is_broken()
            && let Some(connection) = self.connection.take()
        {
            send(connection.client.batch_execute("COMMIT"));
        }
        result
    }

    /// Commits; durable when this returns.
    pub(super) async fn commit(mut self) -> PostgresResult<()> {
        self.answered(self.client()?.batch_execute("COMMIT"))
            .await?;
        self.give_back();
        Ok(())
    }

    /// Takes everything back.
    pub(super) async fn roll_back(mut self) -> PostgresResult<()> {
        if self.is_broken() {
            return Ok(());
        }
        self.answered(self.client()?.batch_execute("ROLLBACK"))
            .await?;
        self.give_back();
        Ok(())
    }

    /// Lets others use the connection.
    fn give_back(&mut self) {
        if !self.is_broken() {
            self.connection.take();
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Waits for an answer, not for ever. What shows that connections are of no use ends them.
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

    /// The rows of a statement that is prepared once for each connection.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> PostgresResult<Vec<Row>> {
        let client = self.client()?;
        let statement = self.answered(client.prepare_cached(sql)).await?;
        self.answered(client.query(&statement, parameters)).await
    }

    /// Runs a statement that returns nothing.
    pub(super) async fn run(&self, sql: &str, parameters: Parameters<'_>) -> PostgresResult<()> {
        let client = self.client()?;
        let statement = self.answered(client.prepare_cached(sql)).await?;
        let run = self.answered(client.execute(&statement, parameters));
        run.await.map(drop)
    }

    /// The rows of a statement; `None` if `weigh` finds several of them worth more than `bound`
    /// together.
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

    /// The rows of SQL that was put together. It is not kept prepared: there is no end of shapes,
    /// and PostgreSQL plans best when it knows the values.
    pub(super) async fn search(&self, sql: &Sql) -> PostgresResult<Vec<Row>> {
        let client = self.client()?;
        let text = sql.numbered();
        self.answered(client.query_typed(&text, &sql.typed())).await
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
    /// The value of `scimlet.tenant`, by which PostgreSQL's policies know it.
    fn setting(self) -> String {
        match self {
            Scope::Tenant(id) => id.to_string(),
            Scope::Name(_) | Scope::Host => "*".to_owned(),
        }
    }
}

fn begin(mode: &str, scope: Scope) -> String {
    let scope = scope.setting();
    format!("BEGIN ISOLATION LEVEL {mode}; SELECT set_config('scimlet.tenant', '{scope}', true)")
}

/// Sends a statement without waiting for its answer. The driver queues it at the first look.
fn send(statement: impl Future) {
    let statement = pin!(statement);
    drop(statement.poll(&mut Context::from_waker(Waker::noop())));
}
