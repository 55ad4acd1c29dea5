//! Notices when the files of an open database are no longer the ones that were opened: removed,
//! replaced, or written by something other than SQLite. A commit to such files would be
//! acknowledged and then lost.
//!
//! SQLite writes the main file only in a checkpoint, and counts checkpoints in the index of its
//! write-ahead log (the `-shm` file, <https://sqlite.org/walformat.html>). A changed modification
//! time or size without a checkpoint therefore comes from another program, such as `cp backup.db
//! scimlet.db`. The log belongs to this database while its salts equal those in the index.

#[cfg(unix)]
mod files;

use std::path::{Path, PathBuf};

use tokio::sync::watch;

#[cfg(unix)]
use self::files::Files;

/// Watches the files of one open database.
pub(super) struct Guard {
    /// Why the database is lost; `None` while it is intact.
    lost: watch::Sender<Option<String>>,
    #[cfg(unix)]
    files: Option<Files>,
}

impl Guard {
    /// Returns a guard that checks nothing, for a database without files.
    #[cfg(test)]
    pub(super) fn none() -> Guard {
        Guard {
            lost: watch::Sender::new(None),
            #[cfg(unix)]
            files: None,
        }
    }

    /// Returns a guard for the database at `path`. Its files stay open from [`Guard::arm`] until
    /// all connections are closed.
    pub(super) fn of(path: &Path) -> Guard {
        Guard {
            lost: watch::Sender::new(None),
            #[cfg(unix)]
            files: Some(Files::of(path)),
        }
    }

    /// Remembers the files as they are now. Calls `checkpoint`, which must copy the log into the
    /// main file, if an earlier checkpoint may have been interrupted.
    pub(super) fn arm(&self, checkpoint: impl FnOnce()) -> std::io::Result<()> {
        #[cfg(unix)]
        if let Some(files) = &self.files {
            files.arm(checkpoint)?;
        }
        Ok(())
    }

    /// Checks the files. Once they are lost they stay lost, even if they are put back.
    ///
    /// # Errors
    /// Why the database is lost.
    pub(super) fn check(&self) -> Result<(), String> {
        self.still()?;
        #[cfg(unix)]
        if let Some(files) = &self.files
            && let Err(why) = files.look()
        {
            self.lost.send_if_modified(|lost| {
                if lost.is_none() {
                    tracing::error!("{why}; nothing is read or written any more");
                    *lost = Some(why.clone());
                    return true;
                }
                false
            });
            return Err(why);
        }
        Ok(())
    }

    /// Returns the outcome of the latest [`Guard::check`], without a system call.
    ///
    /// # Errors
    /// Why the database is lost.
    pub(super) fn still(&self) -> Result<(), String> {
        match &*self.lost.borrow() {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    /// Subscribes to the loss of the database.
    pub(super) fn follow(&self) -> watch::Receiver<Option<String>> {
        self.lost.subscribe()
    }
}

/// Returns the path of a file beside the database's main file: `path` with `suffix` appended.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
