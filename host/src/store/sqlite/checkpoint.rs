//! Checkpoints: copying the write-ahead log into the database file, and noticing when that fails.
//! Acknowledged commits are safe in the log, which grows until a checkpoint succeeds.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use super::schema;

/// Pages in the log (16 MB) that trigger a checkpoint. Pages that change often are then copied to
/// the database file less often.
const LOG_PAGES: c_int = 4000;

/// How long after a failed checkpoint commits do not try another: a checkpoint may write much
/// before it fails again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs one database's checkpoints and records whether they fail.
#[derive(Default)]
pub(super) struct Checkpoints {
    failing: Mutex<Option<Failing>>,
}

/// When the current series of failed checkpoints began, and when the latest of them failed.
#[derive(Clone, Copy)]
struct Failing {
    first: Instant,
    last: Instant,
}

impl Checkpoints {
    /// Makes the connection run a checkpoint after a commit that leaves at least [`LOG_PAGES`] in
    /// the log. SQLite's automatic checkpoint does this too, but does not report failures.
    pub(super) fn run_from(self: &Arc<Self>, db: &mut Connection) -> rusqlite::Result<()> {
        let checkpoints = Arc::clone(self);
        db.wal_hook(Some(move |log: &mut Wal, pages| {
            if pages >= LOG_PAGES && checkpoints.may_try() {
                // The commit has succeeded, whether or not the checkpoint does.
                drop(checkpoints.record(log.checkpoint_v2(CheckpointMode::PASSIVE)));
            }
            Ok(())
        }))
    }

    /// Copies the log into the database file, up to the frames that a reader still needs. Returns
    /// whether the whole log was copied.
    pub(super) fn run(&self, db: &Connection) -> rusqlite::Result<bool> {
        self.record(db.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE))
    }

    /// Empties the log. Returns `false` if a reader still needs it; does not wait for readers.
    pub(super) fn empty(&self, db: &Connection) -> rusqlite::Result<bool> {
        db.busy_timeout(Duration::ZERO)?;
        let outcome = db.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE);
        db.busy_timeout(schema::BUSY)?;
        self.record(outcome)
    }

    fn may_try(&self) -> bool {
        let failing = *self.failing();
        failing.is_none_or(|failing| failing.last.elapsed() >= PAUSE)
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long checkpoints have been failing; `None` if the latest one succeeded.
    pub(super) fn failing_for(&self) -> Option<Duration> {
        self.failing().map(|failing| failing.first.elapsed())
    }

    /// Returns whether a checkpoint copied the whole log, given the pages in the log and the pages
    /// copied. Logs the first failure and the end of a series of failures. A checkpoint that
    /// readers or another checkpoint block counts as neither.
    fn record(&self, outcome: rusqlite::Result<(c_int, c_int)>) -> rusqlite::Result<bool> {
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
