//! The database file: opens connections, creates tables, and refuses files of other applications or
//! of newer versions.
//!
//! A scimlet file has `application_id` [`APPLICATION`] and its schema version in `user_version`.
//! Ids come from AUTOINCREMENT and are never reused, so a row that still refers to a removed
//! tenant, entry or link set refers to nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{error, identity};
use crate::store::DatabaseError;

/// `application_id`: "SCIM" in ASCII.
const APPLICATION: i32 = 0x5343_494D;

/// The version of the tables in `schema.sql`.
const VERSION: i32 = 2;

/// How long a connection waits for locks of other processes.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// The writer's page cache in KiB (SQLite counts KiB as negative numbers).
const WRITER_CACHE: i64 = -65_536;

/// Bytes to which the log file is truncated after readers made it grow.
const LOG_BYTES: i64 = 64 << 20;

/// Prepared statements that a connection caches; each shape of filter is one statement.
const STATEMENTS: usize = 128;

const TABLES: &str = include_str!("schema.sql");

/// Opens the connection that writes. Creates the file and its tables if they do not exist.
pub(super) fn open_writer(path: &Path) -> Result<Connection, DatabaseError> {
    create_private(path);
    let explain = |error| explain(path, error);
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        .map_err(explain)?;
    // Changes nothing, not even the journal mode, before the file is known to be ours or empty.
    inspect(path, &db)?;
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

/// Returns whether the file is empty, so that tables must be created. Refuses the file of another
/// application or of a newer version.
fn inspect(path: &Path, db: &Connection) -> Result<bool, DatabaseError> {
    let stamps = "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
                  FROM pragma_application_id, pragma_user_version";
    let (application, version, tables): (i32, i32, i64) = db
        .query_row(stamps, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(|error| explain(path, error))?;
    let name = path.display();
    match (application, version) {
        (0, 0) if tables == 0 => Ok(true),
        (APPLICATION, VERSION) => Ok(false),
        (APPLICATION, _) => Err(DatabaseError::Unsuitable(format!(
            "`{name}` has version {version} of the scimlet format, this scimlet works with \
            version {VERSION}: \
             use the scimlet that wrote it, or a newer one"
        ))),
        _ => Err(DatabaseError::Unsuitable(format!(
            "`{name}` is a SQLite database of another application, not a scimlet database"
        ))),
    }
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

/// Creates the tables, unless another process did first: checks again while it holds the write
/// lock.
fn create(path: &Path, db: &mut Connection) -> Result<(), DatabaseError> {
    let explain = |error| explain(path, error);
    let transaction =
        db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    if inspect(path, &transaction)? {
        transaction.execute_batch(TABLES).map_err(explain)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(explain)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(explain)?;
    }
    add_digests(&transaction).map_err(explain)?;
    identity::give(&transaction).map_err(explain)?;
    transaction.commit().map_err(explain)
}

/// Adds the digest columns that older files lack. An older scimlet, which does not know them, can
/// still use the file.
fn add_digests(db: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT 1 FROM pragma_table_info('entry') WHERE name = 'digest'";
    if db.prepare(sql)?.exists([])? {
        return Ok(());
    }
    db.execute_batch(
        "ALTER TABLE entry ADD COLUMN digest INTEGER;
         ALTER TABLE entry ADD COLUMN digest_version INTEGER",
    )
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
