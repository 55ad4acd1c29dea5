//! Notices when the files of an open database are no longer the ones that were opened: removed,
//! replaced, or written by something other than SQLite. A commit into such files would be
//! acknowledged and lost.
//!
//! SQLite writes the main file only in a checkpoint, and keeps count of checkpoints in the index of
//! its write-ahead log (the `-shm` file, <https://sqlite.org/walformat.html>). So a changed time or
//! size without a checkpoint is another program's doing, such as `cp backup.db scimlet.db`. The log
//! is ours while its salts are those of the index.

#[cfg(unix)]
mod files;

use std::path::{Path, PathBuf};

use tokio::sync::watch;

#[cfg(unix)]
use self::files::Files;

/// Watches the files of one open database.
pub(super) struct Guard {
    /// Why the database is lost; `None` while it is not.
    lost: watch::Sender<Option<String>>,
    #[cfg(unix)]
    files: Option<Files>,
}

impl Guard {
    /// Guards nothing: for a database without files.
    #[cfg(test)]
    pub(super) fn none() -> Guard {
        Guard {
            lost: watch::Sender::new(None),
            #[cfg(unix)]
            files: None,
        }
    }

    /// Guards a database whose files are open from before [`Guard::arm`] until after all
    /// connections are closed.
    pub(super) fn of(path: &Path) -> Guard {
        Guard {
            lost: watch::Sender::new(None),
            #[cfg(unix)]
            files: Some(Files::of(path)),
        }
    }

    /// Remembers the files as they are. `checkpoint` brings the log into the main file, for when it
    /// is not known whether a checkpoint was interrupted.
    pub(super) fn arm(&self, checkpoint: impl FnOnce()) -> std::io::Result<()> {
        #[cfg(unix)]
        if let Some(files) = &self.files {
            files.arm(checkpoint)?;
        }
        Ok(())
    }

    /// Looks at the files. Once they are lost they stay lost, whatever is put back.
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

    /// Whether an earlier look found the files in order; costs no system call.
    ///
    /// # Errors
    /// Why the database is lost.
    pub(super) fn still(&self) -> Result<(), String> {
        match &*self.lost.borrow() {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    /// Follows whether the database is lost.
    pub(super) fn follow(&self) -> watch::Receiver<Option<String>> {
        self.lost.subscribe()
    }
}

/// The path of a file beside the database's main file.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
