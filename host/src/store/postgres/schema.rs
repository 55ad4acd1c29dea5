//! The tables: creates them, and refuses databases of other applications or of newer versions.
//!
//! A host that creates tables locks the one row of `schema_version`, so that of many hosts that
//! start at once one does the work and the others find it done. Every system that speaks the
//! protocol has row locks, but not all have advisory locks.

use deadpool_postgres::Object;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use super::connections::Connections;
use super::error::{PostgresError, PostgresResult, explain};
use super::session::{SILENCE, Scope};
use crate::store::DatabaseError;

/// The version of the tables in `schema.sql`.
const VERSION: i64 = 1;

const TABLES: &str = include_str!("schema.sql");

/// The tables with rows of tenants, each with the column of the tenant's id.
const FENCED: [(&str, &str); 11] = [
    ("tenant", "id"),
    ("kind", "tenant"),
    ("entry", "tenant"),
    ("field", "tenant"),
    ("term", "tenant"),
    ("linkset", "tenant"),
    ("link", "tenant"),
    ("counter", "tenant"),
    ("event", "tenant"),
    ("memo", "tenant"),
    ("sweep", "tenant"),
];

/// Speeds up substring searches; created only if the extension `pg_trgm` is installed.
const TRIGRAMS: &str = "CREATE INDEX IF NOT EXISTS term_trigram ON term
    USING gin (value gin_trgm_ops) WHERE value >= 't' AND value < 'u'";

/// Creates the tables if `make` is true and there are none. Refuses a database that this version
/// cannot use.
pub(super) async fn prepare(pool: &Connections, make: bool) -> Result<(), DatabaseError> {
    let connection = pool.get(Scope::Host).await?;
    let client = &connection.client;
    let found = timeout(SILENCE, version(client)).await;
    match found.unwrap_or(Err(PostgresError::Silent))? {
        Some(VERSION) => Ok(add_digests(client).await?),
        Some(version) => Err(DatabaseError::Unsuitable(format!(
            "the database has version {version} of the scimlet format, this scimlet works with \
            version {VERSION}: \
             use the scimlet that wrote it, or a newer one"
        ))),
        None if !make => Err(DatabaseError::Unsuitable(
            "there is no scimlet in this database yet: `scimlet serve` and `scimlet tenant create` \
             make its tables"
                .into(),
        )),
        None => Ok(create(client).await?),
    }
}

/// Returns the version of the existing tables; `None` if there are none.
async fn version(client: &Object) -> PostgresResult<Option<i64>> {
    let found = client.query_opt("SELECT version FROM schema_version", &[]);
    match found.await {
        Ok(row) => Ok(row.map(|row| row.get(0)).filter(|version| *version > 0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn create(client: &Object) -> PostgresResult<()> {
    lock_row(client).await?;
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let made = create_locked(client).await;
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    made
}

/// PostgreSQL's codes for a table that another connection has just created.
const MADE: [SqlState; 3] =
    [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_OBJECT, SqlState::DUPLICATE_TABLE];

/// Creates the row to lock. If two hosts create its table at the same moment, one of them gets an
/// error, and the table exists.
async fn lock_row(client: &Object) -> PostgresResult<()> {
    let table = "CREATE TABLE IF NOT EXISTS schema_version(
        one BOOLEAN PRIMARY KEY CHECK (one), version BIGINT NOT NULL)";
    if let Err(error) = client.batch_execute(table).await
        && !error.code().is_some_and(|code| MADE.contains(code))
    {
        return Err(error.into());
    }
    let row = "INSERT INTO schema_version VALUES (TRUE, 0) ON CONFLICT DO NOTHING";
    Ok(client.batch_execute(row).await?)
}

async fn create_locked(client: &Object) -> PostgresResult<()> {
    // Creating the tables takes longer than a commit may wait for a lock.
    client.batch_execute("SET LOCAL lock_timeout = 0").await?;
    let locked = client.query_one("SELECT version FROM schema_version FOR UPDATE", &[]).await?;
    if locked.get::<_, i64>(0) > 0 {
        return Ok(());
    }
    client.batch_execute(TABLES).await?;
    fence(client).await?;
    let trigrams = "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'";
    if client.query_opt(trigrams, &[]).await?.is_some() {
        client.batch_execute(TRIGRAMS).await?;
    }
    let done = "UPDATE schema_version SET version = $1";
    client.execute(done, &[&VERSION]).await?;
    Ok(())
}

/// Adds the digest columns that older tables lack. An older host, which does not know them, can
/// still use the tables.
async fn add_digests(client: &Object) -> PostgresResult<()> {
    let sql = "SELECT digest, digest_version FROM entry LIMIT 0";
    match client.batch_execute(sql).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_COLUMN) => {}
        found => return Ok(found?),
    }
    let sql = "ALTER TABLE entry ADD COLUMN IF NOT EXISTS digest BIGINT,
                 ADD COLUMN IF NOT EXISTS digest_version BIGINT";
    match client.batch_execute(sql).await {
        // Another host has added them.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_COLUMN) => Ok(()),
        added => Ok(added?),
    }
}

/// Sets up row-level security, the second separation of tenants: PostgreSQL itself shows a
/// transaction only the rows of the tenant that it named, and none if it named none. This does not
/// apply to superusers. Systems that lack such policies work without.
async fn fence(client: &Object) -> PostgresResult<()> {
    client.batch_execute("SAVEPOINT fence").await?;
    for (table, column) in FENCED {
        let fenced = client.batch_execute(&policy(table, column)).await;
        match fenced {
            Ok(()) => {}
            Err(error) if is_unknown(error.code()) => {
                let why = explain(&error);
                tracing::warn!("no row-level security: {why}");
                client.batch_execute("ROLLBACK TO SAVEPOINT fence").await?;
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(client.batch_execute("RELEASE SAVEPOINT fence").await?)
}

/// The subselect makes PostgreSQL read the setting once per statement, not once per row.
fn policy(table: &str, column: &str) -> String {
    let scope = "(SELECT current_setting('scimlet.tenant', TRUE))";
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
         ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
         CREATE POLICY one_tenant ON {table} USING (
           {scope} = '*' OR {column} = (SELECT NULLIF(NULLIF({scope}, '*'), '')::BIGINT))"
    )
}

fn is_unknown(code: Option<&SqlState>) -> bool {
    let unknown = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::SYNTAX_ERROR];
    code.is_some_and(|code| unknown.contains(code))
}
