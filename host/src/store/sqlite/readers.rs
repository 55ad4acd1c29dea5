//! The connections that read. SQLite shows every new read transaction all commits before it, of other processes too.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::fault::Step;
use super::schema;
use super::writer::execute;
use crate::store::Refusal;

/// Searches that run at once on blocking threads; the others wait. More would only compete for the processors.
const SEARCHES: usize = 16;

/// Steps of SQLite's machine between two looks at how long a read takes.
const STEPS: std::ffi::c_int = 100;

/// Looks after which a read is no brief one: a fraction of a millisecond.
const BRIEF: u32 = 20;

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

    /// Reads here and now too if it proves short, else once more on a thread that may block: for what may take longer.
    pub(super) async fn search<T: Send + 'static>(
        self: Arc<Self>,
        read: impl Fn(&Connection) -> Step<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        if let Some(result) = self.briefly(&read) {
            return Ok(result?);
        }
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

    /// `None` if it takes more than [`BRIEF`] looks.
    fn briefly<T>(&self, read: impl Fn(&Connection) -> Step<T>) -> Option<Step<T>> {
        let mut left = BRIEF;
        let is_over = move || {
            left -= 1;
            left == 0
        };
        let result = self.with_connection(|db| {
            db.progress_handler(STEPS, Some(is_over))?;
            let result = in_transaction(db, read);
            db.progress_handler(STEPS, None::<fn() -> bool>)?;
            result
        });
        let is_over = matches!(&result, Err(fault) if fault.is_interruption());
        (!is_over).then_some(result)
    }

    fn snapshot<T>(&self, read: impl FnOnce(&Connection) -> Step<T>) -> Step<T> {
        self.with_connection(|db| in_transaction(db, read))
    }

    /// A connection whose transaction could not be ended is not used again.
    fn with_connection<T>(&self, read: impl FnOnce(&mut Connection) -> Step<T>) -> Step<T> {
        let idle = self.idle().pop();
        let mut db = match idle {
            Some(db) => db,
            None => schema::open_reader(&self.path)?,
        };
        let result = read(&mut db);
        if db.is_autocommit() {
            self.idle().push(db);
        }
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that is read is of one moment.
fn in_transaction<T>(db: &Connection, read: impl FnOnce(&Connection) -> Step<T>) -> Step<T> {
    execute(db, "BEGIN")?;
    let result = read(db);
    execute(db, "COMMIT")?;
    result
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(error.to_string())
}
