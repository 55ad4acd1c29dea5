//! The tables: creates them or brings them up to date, and refuses databases of newer versions.
//!
//! A host that does so locks the one row of `scimlet_schema`, so that of many hosts that start at
//! once one does the work and the others find it done. Every system that speaks the protocol has
//! row locks, but not all have advisory locks.

use deadpool_postgres::Object;
use scimlet_sql::schema;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use super::connections::Connections;
use super::error::{PostgresError, PostgresResult, explain};
use super::session::{SILENCE, Scope};
use crate::store::DatabaseError;

/// The version of the tables without the prefix `scimlet_`.
const UNPREFIXED: i64 = 1;

/// How often the tables are tried to be renamed: a transaction of a host that still works with them
/// may be in the way.
const ATTEMPTS: u32 = 5;

/// Creates the tables if `make` is true and there are none, and brings earlier ones up to date.
/// Refuses a database that this version cannot use.
pub(super) async fn prepare(pool: &Connections, make: bool) -> Result<(), DatabaseError> {
    let connection = pool.get(Scope::Host).await?;
    let client = &connection.client;
    let found = timeout(SILENCE, find(client)).await;
    match found.unwrap_or(Err(PostgresError::Silent))? {
        Found::Version(schema::VERSION) => Ok(()),
        Found::Version(version) => Err(DatabaseError::Unsuitable(format!(
            "the database has version {version} of the scimlet format, this scimlet works with \
            version {}: \
             use the scimlet that wrote it, or a newer one",
            schema::VERSION
        ))),
        Found::Nothing if !make => Err(DatabaseError::Unsuitable(
            "there is no scimlet in this database yet: `scimlet serve` and `scimlet tenant create` \
             make its tables"
                .into(),
        )),
        Found::Nothing | Found::Unprefixed => Ok(create(client).await?),
    }
}

/// The tables that a database has.
enum Found {
    /// No tables of scimlet's.
    Nothing,
    /// Tables of version 1, without the prefix `scimlet_`.
    Unprefixed,
    /// Tables of this version.
    Version(i64),
}

/// Returns what the database has. Asks for the tables without prefix first: while another host
/// renames them, it finds either those or the renamed ones.
async fn find(client: &Object) -> PostgresResult<Found> {
    let unprefixed = unprefixed(client).await?;
    let version = match client.query_opt(schema::READ_VERSION, &[]).await {
        Ok(row) => row.map_or(0, |row| row.get(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => 0,
        Err(error) => return Err(error.into()),
    };
    Ok(match (version, unprefixed) {
        (1.., _) => Found::Version(version),
        (_, UNPREFIXED) => Found::Unprefixed,
        (_, 1..) => Found::Version(unprefixed),
        _ => Found::Nothing,
    })
}

/// Returns the version of tables without the prefix; 0 if there are none.
async fn unprefixed(client: &Object) -> PostgresResult<i64> {
    let asked = client.query_one(schema::IS_UNPREFIXED_POSTGRES, &[]).await?;
    if asked.get::<_, i64>(0) == 0 {
        return Ok(0);
    }
    let row = client.query_opt("SELECT version FROM schema_version", &[]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

async fn create(client: &Object) -> PostgresResult<()> {
    lock_row(client).await?;
    for _ in 1..ATTEMPTS {
        match create_once(client).await {
            Err(fault) if fault.is_collision() => {}
            created => return created,
        }
    }
    create_once(client).await
}

async fn create_once(client: &Object) -> PostgresResult<()> {
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
    if let Err(error) = client.batch_execute(schema::VERSION_TABLE).await
        && !error.code().is_some_and(|code| MADE.contains(code))
    {
        return Err(error.into());
    }
    Ok(client.batch_execute(schema::VERSION_ROW).await?)
}

async fn create_locked(client: &Object) -> PostgresResult<()> {
    // Creating the tables takes longer than a commit may wait for a lock.
    client.batch_execute("SET LOCAL lock_timeout = 0").await?;
    let locked = client.query_one("SELECT version FROM scimlet_schema FOR UPDATE", &[]).await?;
    if locked.get::<_, i64>(0) > 0 {
        return Ok(());
    }
    if unprefixed(client).await? == UNPREFIXED {
        client.batch_execute(schema::RENAME_POSTGRES).await?;
    } else {
        make(client).await?;
    }
    Ok(client.batch_execute(schema::SET_VERSION).await?)
}

async fn make(client: &Object) -> PostgresResult<()> {
    client.batch_execute(schema::POSTGRES).await?;
    fence(client).await?;
    let trigrams = "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'";
    if client.query_opt(trigrams, &[]).await?.is_some() {
        client.batch_execute(schema::TRIGRAMS).await?;
    }
    Ok(())
}

/// Sets up row-level security, the second separation of tenants: PostgreSQL itself shows a
/// transaction only the rows of the tenant that it named, and none if it named none. This does not
/// apply to superusers. Systems that lack such policies work without.
async fn fence(client: &Object) -> PostgresResult<()> {
    client.batch_execute("SAVEPOINT fence").await?;
    match client.batch_execute(&schema::policies().join(";")).await {
        Ok(()) => {}
        Err(error) if is_unknown(error.code()) => {
            tracing::warn!("no row-level security: {}", explain(&error));
            client.batch_execute("ROLLBACK TO SAVEPOINT fence").await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(client.batch_execute("RELEASE SAVEPOINT fence").await?)
}

fn is_unknown(code: Option<&SqlState>) -> bool {
    let unknown = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::SYNTAX_ERROR];
    code.is_some_and(|code| unknown.contains(code))
}
