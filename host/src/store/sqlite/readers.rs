//! The connections that read. SQLite shows every new read transaction all commits before it, of other processes too.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::fault::Step;
use super::schema;
use crate::store::Refusal;

/// Searches that run at once on blocking threads; the others wait. More would only compete for the processors.
const SEARCHES: usize = 16;

/// A pool of read-only connections.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    searches: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Readers {
        Readers {
            path,
            idle: Mutex::default(),
            searches: Arc::new(Semaphore::new(SEARCHES)),
        }
    }

    /// Reads here and now: for what takes microseconds.
    pub(super) fn point<T>(&self, read: impl FnOnce(&Connection) -> Step<T>) -> Result<T, Refusal> {
        Ok(self.snapshot(read)?)
    }

    /// Reads on a thread that may block: for what may take longer.
    pub(super) async fn search<T: Send + 'static>(
        self: Arc<Self>,
        read: impl FnOnce(&Connection) -> Step<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = self
            .searches
            .clone()
            .acquire_owned()
            .await
            .map_err(unavailable)?;
        let task = tokio::task::spawn_blocking(move || {
            let result = self.snapshot(read);
            drop(permit);
            result
        });
        Ok(task.await.map_err(unavailable)??)
    }

    fn snapshot<T>(&self, read: impl FnOnce(&Connection) -> Step<T>) -> Step<T> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => schema::open_reader(&self.path)?,
        };
        let transaction = db.unchecked_transaction()?;
        let result = read(&transaction);
        transaction.finish()?;
        self.idle().push(db);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(error.to_string())
}
