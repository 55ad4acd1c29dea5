//! The file: opening connections to it, its tables, and the refusal of files that are not ours or
//! too new.
//!
//! A file of ours has `application_id` [`APPLICATION`] and its schema's version in `user_version`.
//! Ids come from AUTOINCREMENT and are never reused, so that a row that still names a removed
//! tenant, entry or link set names nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{error, identity};
use crate::store::DatabaseError;

/// "SCIM" in `application_id`.
const APPLICATION: i32 = 0x5343_494D;

/// The version of the tables below.
const VERSION: i32 = 2;

/// How long a connection waits for other processes' locks.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Pages that the writer keeps in memory, in KiB (SQLite counts these as negative numbers).
const WRITER_CACHE: i64 = -65_536;

/// Bytes of the log's file that stay when readers had made it longer.
const LOG_BYTES: i64 = 64 << 20;

/// Distinct statements that a connection keeps prepared; each shape of filter is one.
const STATEMENTS: usize = 128;

const TABLES: &str = include_str!("schema.sql");

/// The connection that writes. Makes the file and its tables where there are none.
pub(super) fn open_writer(path: &Path) -> Result<Connection, DatabaseError> {
    create_private(path);
    let explain = |error| explain(path, error);
    let mut db = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
    .map_err(explain)?;
    // Nothing is changed, not even the journal mode, before the file is known to be ours or empty.
    inspect(path, &db)?;
    enter_wal(&db).map_err(explain)?;
    db.pragma_update(None, "synchronous", "FULL")
        .map_err(explain)?;
    db.pragma_update(None, "cache_size", WRITER_CACHE)
        .map_err(explain)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES)
        .map_err(explain)?;
    // Persons are erased from here: what is deleted is overwritten too.
    db.pragma_update(None, "secure_delete", "ON")
        .map_err(explain)?;
    create(path, &mut db)?;
    Ok(db)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan depends on no value of a `?`; else SQLite would compile each statement with a `LIMIT
    // ?` anew at every use.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// The file holds persons' data and credentials' digests: nobody else may read it. SQLite gives the
/// files beside it the same permissions. If it cannot be made here, SQLite will say why.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// Whether the file is empty and waits for its tables. Refuses a file that is not ours, or newer
/// than we are.
fn inspect(path: &Path, db: &Connection) -> Result<bool, DatabaseError> {
    let stamps = "SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema)
                  FROM pragma_application_id, pragma_user_version";
    let (application, version, tables): (i32, i32, i64) = db
        .query_row(stamps, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
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

/// Switches to write-ahead logging. SQLite does not wait by itself when another process is about to
/// do the same.
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
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Makes the tables unless another process was faster: it looks again with the write lock held.
fn create(path: &Path, db: &mut Connection) -> Result<(), DatabaseError> {
    let explain = |error| explain(path, error);
    let transaction = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(explain)?;
    if inspect(path, &transaction)? {
        transaction.execute_batch(TABLES).map_err(explain)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION)
            .map_err(explain)?;
        transaction
            .pragma_update(None, "user_version", VERSION)
            .map_err(explain)?;
    }
    add_digests(&transaction).map_err(explain)?;
    identity::give(&transaction).map_err(explain)?;
    transaction.commit().map_err(explain)
}

/// Adds the columns that files from before them lack. A scimlet that does not know them can go on
/// working with the file.
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

/// Leaves the log as it is when this connection closes: for a file that is not ours any more.
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
