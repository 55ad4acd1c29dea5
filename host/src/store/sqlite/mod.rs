//! The default storage: one SQLite file in write-ahead-log mode. One thread writes and commits waiting commits as a
//! group; any number of connections read. What is acknowledged survives kill -9 and power loss (`synchronous=FULL`).
//!
//! Several processes may work on one file at once: SQLite's locks order their commits, and every read begins with a look
//! at what others committed.

mod commit;
mod dialect;
mod entries;
mod fault;
mod find;
mod guard;
mod identity;
mod issuers;
mod memo;
mod outbox;
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

use self::guard::Guard;
use self::readers::Readers;
use self::writer::Writer;
use super::{DatabaseError, Identity};

/// A database in one file. Clones share it; when the last clone and the last store of a tenant are dropped, it closes.
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
    guard: Arc<Guard>,
}

impl Sqlite {
    /// Opens the file, or makes it. Refuses a file that is not a scimlet database or was written by
    /// a newer scimlet, and to make a new one where a database was before: a file `….identity`
    /// beside it tells.
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
        let db = schema::open_writer(path)?;
        identity::record(path, &db);
        guard
            .arm(|| drop(schema::checkpoint(&db)))
            .map_err(unavailable)?;
        let writer = Writer::start(db, Arc::clone(&guard)).map_err(unavailable)?;
        let readers = Arc::new(Readers::new(path.to_owned(), Arc::clone(&guard)));
        Ok(Sqlite {
            shared: Arc::new(Shared {
                number: Identity::next_database(),
                readers,
                writer,
                guard,
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
