//! The default storage: one SQLite file in write-ahead-log mode. One thread writes and commits
//! waiting commits as a group; any number of connections read. What is acknowledged survives kill
//! -9 and power loss (`synchronous=FULL`).
//!
//! Several processes may work on one file at once: SQLite's locks order their commits, and every
//! read begins with a look at what others committed.

mod bodies;
mod checkpoint;
mod commit;
mod dialect;
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

/// A database in one file. Clones share it; when the last clone and the last store of a tenant are
/// dropped, it closes.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// The readers come first, so that the writer's connection is the last one to close and can tidy
/// up; the guard's files close after all connections.
struct Shared {
    number: u64,
    readers: Arc<Readers>,
    writer: Writer,
    checkpoints: Arc<Checkpoints>,
    guard: Arc<Guard>,
    record: Record,
}

impl Sqlite {
    /// Opens the file, or makes it. Refuses a file that is not a scimlet database or was written by
    /// a newer scimlet, and to make a new one where a database was before: a file `….identity`
    /// beside it tells. If it has a later event than the database, [`Database::is_restored`] says
    /// so: call [`Database::raise_epochs`] then, before anything is written.
    ///
    /// [`Database::is_restored`]: super::Database::is_restored
    /// [`Database::raise_epochs`]: super::Database::raise_epochs
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, DatabaseError> {
        Self::open_absolute(&absolute(path.as_ref())?)
    }

    /// Opens the file, or makes it, even where a database was before and is gone.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Sqlite, DatabaseError> {
        let path = absolute(path.as_ref())?;
        identity::forget(&path)?;
        Self::open_absolute(&path)
    }

    /// Whether a database was at this path, be it there still or not.
    #[must_use]
    pub fn was_at(path: impl AsRef<Path>) -> bool {
        identity::place(path.as_ref()).exists()
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
        guard
            .arm(|| drop(checkpoints.run(&db)))
            .map_err(unavailable)?;
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

/// An absolute path has none of SQLite's special meanings (`:memory:`, `file:`).
fn absolute(path: &Path) -> Result<PathBuf, DatabaseError> {
    std::path::absolute(path).map_err(|error| {
        DatabaseError::Unsuitable(format!("`{}` is not a file: {error}", path.display()))
    })
}
