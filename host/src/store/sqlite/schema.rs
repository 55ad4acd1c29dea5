//! The database file: opens connections, creates and renames tables, and refuses files of other
//! applications or of newer versions.
//!
//! The version of the tables is in the table `scimlet_schema`. A file that scimlet made also has
//! `application_id` [`APPLICATION`] and that version in `user_version`; in the file of an
//! application, in which an embedding keeps scimlet's tables, both are the application's. Ids come
//! from AUTOINCREMENT and are never reused, so a row that still refers to a removed tenant, entry
//! or link set refers to nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior};
use scimlet_sql::schema;

use super::{error, identity};
use crate::store::DatabaseError;

/// `application_id`: "SCIM" in ASCII.
const APPLICATION: i32 = 0x5343_494D;

/// `user_version` of files whose tables have no prefix.
const UNPREFIXED: i32 = 2;

/// How long a connection waits for locks of other processes.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// The writer's page cache in KiB (SQLite counts KiB as negative numbers).
const WRITER_CACHE: i64 = -65_536;

/// Bytes to which the log file is truncated after readers made it grow.
const LOG_BYTES: i64 = 64 << 20;

/// Prepared statements that a connection caches; each shape of filter is one statement.
const STATEMENTS: usize = 128;

/// The tables that a file has.
enum Found {
    /// None at all: it is new.
    Nothing,
    /// Version 0: an embedding is about to make the tables, or has died before.
    Begun,
    /// Tables of version 2, without the prefix `scimlet_`.
    Unprefixed,
    /// The tables that this version works with.
    Current,
}

/// Opens the connection that writes. Creates the file and its tables if they do not exist.
pub(super) fn open_writer(path: &Path) -> Result<Connection, DatabaseError> {
    create_private(path);
    let explain = |error| explain(path, error);
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(explain)?;
    // Changes nothing, not even the journal mode, before the file is known to be ours or empty.
    // In a transaction, so that it sees no half of what another process changes in the tables.
    let transaction = db.transaction().map_err(explain)?;
    inspect(path, &transaction)?;
    drop(transaction);
    enter_wal(&db).map_err(explain)?;
    db.pragma_update(None, "synchronous", "FULL").map_err(explain)?;
    db.pragma_update(None, "cache_size", WRITER_CACHE).map_err(explain)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(explain)?;
    // Deleted personal data must be overwritten, not only unlinked.
    db.pragma_update(None, "secure_delete", "ON").map_err(explain)?;
    create(path, &mut db)?;
    Ok(db)
}

/// Opens a read-only connection.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Makes plans independent of bound values; otherwise SQLite would compile each statement with
    // `LIMIT ?` anew at every use.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// Creates the file readable only by its owner: it holds personal data and digests of credentials.
/// SQLite gives the files beside it these permissions. If the file cannot be created, opening it
/// reports why.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// Returns what the file has. Refuses the file of another application that has no tables of
/// scimlet's, and tables of a newer version.
fn inspect(path: &Path, db: &Connection) -> Result<Found, DatabaseError> {
    let explain = |error| explain(path, error);
    let stamps = "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema),
                    (SELECT COUNT(*) FROM sqlite_schema
                     WHERE type = 'table' AND name = 'scimlet_schema')
                  FROM pragma_application_id, pragma_user_version";
    let (application, stamp, tables, is_versioned): (i32, i32, i64, bool) = db
        .query_row(stamps, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .map_err(explain)?;
    if is_versioned {
        let version = db.query_row(schema::READ_VERSION, [], |row| row.get(0)).optional();
        match version.map_err(explain)?.unwrap_or(0) {
            0 => {}
            schema::VERSION => return Ok(Found::Current),
            version => return Err(unknown_version(path, version)),
        }
    }
    match (application, stamp) {
        (0, 0) if tables == 0 => Ok(Found::Nothing),
        (APPLICATION, UNPREFIXED)
            if asked(db, schema::IS_UNPREFIXED_SQLITE).map_err(explain)? =>
        {
            Ok(Found::Unprefixed)
        }
        _ if is_versioned => Ok(Found::Begun),
        (APPLICATION, stamp) => Err(unknown_version(path, stamp.into())),
        _ => Err(DatabaseError::Unsuitable(format!(
            "`{}` is a SQLite database of another application, not a scimlet database",
            path.display()
        ))),
    }
}

fn unknown_version(path: &Path, version: i64) -> DatabaseError {
    let (name, own) = (path.display(), schema::VERSION);
    DatabaseError::Unsuitable(format!(
        "`{name}` has version {version} of the scimlet format, this scimlet works with \
        version {own}: \
         use the scimlet that wrote it, or a newer one"
    ))
}

/// Returns the answer to a question whose one row is 1 or 0.
fn asked(db: &Connection, question: &str) -> rusqlite::Result<bool> {
    db.query_row(question, [], |row| row.get(0))
}

/// Switches to write-ahead logging. SQLite does not wait by itself when another process does so at
/// the same time.
fn enter_wal(db: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match db.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && start.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Creates the tables or brings them up to date, unless another process did first: checks again
/// while it holds the write lock.
fn create(path: &Path, db: &mut Connection) -> Result<(), DatabaseError> {
    let explain = |error| explain(path, error);
    let transaction =
        db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    match inspect(path, &transaction)? {
        Found::Nothing => {
            sign(&transaction).map_err(explain)?;
            make(&transaction).map_err(explain)?;
        }
        Found::Begun => make(&transaction).map_err(explain)?,
        Found::Unprefixed => rename(&transaction).map_err(explain)?,
        Found::Current => {}
    }
    identity::give(&transaction).map_err(explain)?;
    transaction.commit().map_err(explain)
}

/// Marks a new file as one that scimlet made.
fn sign(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", schema::VERSION)
}

fn make(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(schema::SQLITE)?;
    set_version(db)
}

fn rename(db: &Connection) -> rusqlite::Result<()> {
    let lacks_digests = asked(db, schema::LACKS_DIGESTS_SQLITE)?;
    db.execute_batch(schema::RENAME_SQLITE)?;
    if lacks_digests {
        db.execute_batch(schema::ADD_DIGESTS_SQLITE)?;
    }
    set_version(db)
}

fn set_version(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(schema::VERSION_TABLE)?;
    db.execute_batch(schema::VERSION_ROW)?;
    db.execute_batch(schema::SET_VERSION)
}

/// Makes this connection leave the log as it is when it closes: for a file that is no longer ours.
pub(super) fn abandon(db: &Connection) {
    drop(db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
}

fn explain(path: &Path, error: rusqlite::Error) -> DatabaseError {
    let name = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            DatabaseError::Unsuitable(format!("`{name}` is not a SQLite database"))
        }
        _ if error::is_damage(&error) => {
            DatabaseError::Damaged(format!("`{name}`: {}", error::damaged(&error)))
        }
        _ => DatabaseError::Unavailable(format!("`{name}`: {error}")),
    }
}
