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

use std::path::Path;
use std::sync::Arc;

use self::readers::Readers;
use self::writer::Writer;
use super::{DatabaseError, Identity};

/// A database in one file. Clones share it; when the last clone and the last store of a tenant are dropped, it closes.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

/// The readers come first, so that the writer's connection is the last one to close and can tidy up.
struct Shared {
    number: u64,
    readers: Arc<Readers>,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file, or makes it. Refuses a file that is not a scimlet database or was written by a newer scimlet.
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, DatabaseError> {
        let path = path.as_ref();
        // An absolute path has none of SQLite's special meanings (`:memory:`, `file:`).
        let path = std::path::absolute(path).map_err(|error| {
            DatabaseError::Unsuitable(format!("`{}` is not a file: {error}", path.display()))
        })?;
        let writer = Writer::start(schema::open_writer(&path)?)
            .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        let readers = Arc::new(Readers::new(path));
        Ok(Sqlite {
            shared: Arc::new(Shared {
                number: Identity::next_database(),
                readers,
                writer,
            }),
        })
    }
}
