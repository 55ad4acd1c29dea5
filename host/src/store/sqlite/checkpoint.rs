//! Bringing the write-ahead log into the file, and knowing when that fails. What is acknowledged is
//! safe in the log, which grows until a checkpoint succeeds.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use super::schema;

/// Pages of the log (16 MB) before they are brought into the file: what changes often is then
/// written there more seldom.
const LOG_PAGES: c_int = 4000;

/// How long a checkpoint is not tried after a commit when one has failed: it may write much before
/// it fails again.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of one database's checkpoints.
#[derive(Default)]
pub(super) struct Checkpoints {
    failing: Mutex<Option<Failing>>,
}

/// When the first checkpoint failed of those that did ever since, and the last.
#[derive(Clone, Copy)]
struct Failing {
    first: Instant,
    last: Instant,
}

impl Checkpoints {
    /// Has the connection run a checkpoint after a commit that leaves many pages in the log. SQLite
    /// does so by itself, but says nothing of one that fails.
    pub(super) fn run_from(self: &Arc<Self>, db: &mut Connection) -> rusqlite::Result<()> {
        let checkpoints = Arc::clone(self);
        db.wal_hook(Some(move |log: &mut Wal, pages| {
            if pages >= LOG_PAGES && checkpoints.may_try() {
                // Whatever becomes of it, the commit has happened.
                drop(checkpoints.noted(log.checkpoint_v2(CheckpointMode::PASSIVE)));
            }
            Ok(())
        }))
    }

    /// Brings the log into the file, as far as no reader needs it. Whether that was all of it.
    pub(super) fn run(&self, db: &Connection) -> rusqlite::Result<bool> {
        self.noted(db.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE))
    }

    /// Empties the log. Whether it was done: a reader may still need it, and is not waited for.
    pub(super) fn empty(&self, db: &Connection) -> rusqlite::Result<bool> {
        db.busy_timeout(Duration::ZERO)?;
        let outcome = db.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE);
        db.busy_timeout(schema::BUSY)?;
        self.noted(outcome)
    }

    fn may_try(&self) -> bool {
        let failing = *self.failing();
        failing.is_none_or(|failing| failing.last.elapsed() >= PAUSE)
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long no checkpoint has succeeded that was tried; `None` unless the last one failed.
    pub(super) fn failing_for(&self) -> Option<Duration> {
        self.failing().map(|failing| failing.first.elapsed())
    }

    /// Whether a checkpoint brought over all of the log, given the pages of the log and those that
    /// are in the file. Logs the first failure and the end of failures; one that readers or other
    /// checkpoints are in the way of is neither.
    fn noted(&self, outcome: rusqlite::Result<(c_int, c_int)>) -> rusqlite::Result<bool> {
        let mut failing = self.failing();
        match outcome {
            Ok((pages, moved)) => {
                let is_whole = pages == moved;
                if is_whole && failing.take().is_some() {
                    tracing::info!("the write-ahead log is brought into the database file again");
                }
                Ok(is_whole)
            }
            Err(error) if schema::is_busy(&error) => Ok(false),
            Err(error) => {
                let last = Instant::now();
                let first = failing.map_or(last, |failing| failing.first);
                if failing.replace(Failing { first, last }).is_none() {
                    tracing::error!(
                        "the write-ahead log cannot be brought into the database file: {error}. \
                        What is acknowledged is safe in \
                         the file that ends with `-wal`, which grows until this succeeds: see to \
                         the disk's space and health, and remove no file of the database"
                    );
                }
                Err(error)
            }
        }
    }
}
