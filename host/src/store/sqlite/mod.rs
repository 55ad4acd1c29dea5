//! The default storage: one SQLite file in write-ahead-log mode. One thread writes and commits
//! waiting commits as a group; any number of connections read. Acknowledged commits survive `kill
//! -9` and power loss (`synchronous=FULL`).
//!
//! Several processes may work on one file at the same time: SQLite's locks order their commits, and
//! every read starts from the latest commit of any process.

mod bodies;
mod checkpoint;
mod commit;
mod entries;
mod error;
mod find;
mod group;
mod guard;
mod identity;
mod issuers;
mod metadata;
mod outbox;
mod queue;
mod read;
mod readers;
mod relations;
mod rows;
mod schema;
mod statement;
mod store;
mod sweep;
mod tenants;
mod terms;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::checkpoint::Checkpoints;
use self::error::SqliteError;
use self::guard::Guard;
use self::identity::Record;
use self::readers::Readers;
use self::writer::Writer;
use super::{DatabaseError, Refusal, StoreId};

/// A database in one SQLite file. Clones share it. It closes when the last clone and the last
/// tenant's store are dropped.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// Fields drop in this order: the readers first, so that the writer's connection is the last to
/// close and can clean up; the guard's files close after all connections.
struct Shared {
    number: u64,
    readers: Arc<Readers>,
    writer: Writer,
    checkpoints: Arc<Checkpoints>,
    guard: Arc<Guard>,
    record: Record,
}

impl Sqlite {
    /// Opens the database at `path`, or creates it. It may be the file of an application in which
    /// an embedding has made scimlet's tables. Renames tables of version 2, which had no prefix.
    ///
    /// If the file `….identity` beside it names a later event than the database has,
    /// [`Database::is_restored`] returns true: then call [`Database::raise_epochs`] before anything
    /// is written.
    ///
    /// # Errors
    /// [`DatabaseError::Unsuitable`] if the file has no tables of scimlet's, was written by a newer
    /// scimlet, or is gone although its identity file exists; [`DatabaseError::Damaged`] or
    /// [`DatabaseError::Unavailable`] if it cannot be read or written.
    ///
    /// [`Database::is_restored`]: super::Database::is_restored
    /// [`Database::raise_epochs`]: super::Database::raise_epochs
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, DatabaseError> {
        Self::open_absolute(&absolute(path.as_ref())?)
    }

    /// Opens the database at `path`, or creates it, even if a database was there before and is
    /// gone.
    ///
    /// # Errors
    /// Those of [`Sqlite::open`], except for the database that is gone.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Sqlite, DatabaseError> {
        let path = absolute(path.as_ref())?;
        identity::forget(&path)?;
        Self::open_absolute(&path)
    }

    /// Returns whether a database was ever created at this path, even if it is gone now.
    #[must_use]
    pub fn was_at(path: impl AsRef<Path>) -> bool {
        identity::identity_path(path.as_ref()).exists()
    }

    fn open_absolute(path: &Path) -> Result<Sqlite, DatabaseError> {
        let unavailable = |error: std::io::Error| {
            DatabaseError::Unavailable(format!("`{}`: {error}", path.display()))
        };
        identity::check(path)?;
        let guard = Arc::new(Guard::of(path));
        let mut db = schema::open_writer(path)?;
        let checkpoints = Arc::new(Checkpoints::default());
        checkpoints
            .run_from(&mut db)
            .map_err(|error| DatabaseError::from(Refusal::from(SqliteError::from(error))))?;
        let record = Record::open(path, &db);
        guard.arm(|| drop(checkpoints.run(&db))).map_err(unavailable)?;
        let writer = Writer::start(db, Arc::clone(&guard), Arc::clone(&checkpoints));
        let writer = writer.map_err(unavailable)?;
        let readers = Arc::new(Readers::new(path.to_owned(), Arc::clone(&guard)));
        Ok(Sqlite {
            shared: Arc::new(Shared {
                number: StoreId::next_database(),
                readers,
                writer,
                checkpoints,
                guard,
                record,
            }),
        })
    }
}

/// Makes the path absolute: SQLite gives absolute paths no special meaning (unlike `:memory:` or
/// `file:`).
fn absolute(path: &Path) -> Result<PathBuf, DatabaseError> {
    std::path::absolute(path).map_err(|error| {
        DatabaseError::Unsuitable(format!("`{}` is not a file: {error}", path.display()))
    })
}
