//! The three files of a SQLite database, as the operating system sees them.
//!
//! INVARIANT: a descriptor of the main file or of the `-shm` file must not be closed while a
//! connection of this process is open: POSIX would release all locks that the process holds on the
//! file. So all databases of one path share descriptors ([`OPEN`]), open them before their first
//! connection and close them after their last.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::beside;
use crate::clock::now;

/// How often the index is read again if a checkpoint moves it meanwhile, before a check gives up.
const TRIES: usize = 16;

/// Bytes of the index that are read: two copies of the header, and the checkpoint information.
const INDEX: usize = 136;

/// Bytes of the main file's header that are compared.
const HEADER: usize = 100;

/// The shared descriptors by path.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Shared>>> = Mutex::new(BTreeMap::new());

/// The descriptors that all databases of one path in this process share.
#[derive(Default)]
struct Shared(Mutex<Option<Arc<Descriptors>>>);

struct Descriptors {
    main: File,
    index: File,
    log: File,
}

/// The files of one database.
pub(super) struct Files {
    path: PathBuf,
    /// The path with symbolic links resolved; SQLite keeps the log beside this one.
    real: PathBuf,
    shared: Option<Arc<Shared>>,
    seen: Mutex<Option<Seen>>,
}

/// The files as the last check found them.
struct Seen {
    descriptors: Arc<Descriptors>,
    state: State,
    /// The first bytes of the main file.
    header: [u8; HEADER],
}

/// The part of the files' state that two checks compare.
#[derive(Clone, PartialEq, Eq)]
struct State {
    index: Index,
    /// The main file's time of modification (seconds, nanoseconds) and size in bytes.
    main: (i64, i64, u64),
}

/// The write-ahead log and its checkpoints, as the `-shm` file describes them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Index {
    frames: u32,
    salts: [u8; 8],
    /// Frames that are in the main file (`backfilled`), and frames that the last checkpoint began
    /// to copy (`attempted`).
    backfilled: u32,
    attempted: u32,
}

impl Index {
    /// Reads the index; `None` while the header is being written.
    fn read(file: &File) -> io::Result<Option<Index>> {
        let mut bytes = [0; INDEX];
        file.read_exact_at(&mut bytes, 0)?;
        if bytes[..48] != bytes[48..96] {
            return Ok(None);
        }
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4).and_then(|part| part.try_into().ok());
            u32::from_ne_bytes(bytes.unwrap_or_default())
        };
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[32..40]);
        Ok(Some(Index {
            frames: number(16),
            salts,
            backfilled: number(96),
            attempted: number(128),
        }))
    }

    /// Whether a checkpoint may be writing the main file now, or was interrupted.
    fn is_checkpointing(&self) -> bool {
        self.backfilled != self.attempted
    }
}

impl Files {
    pub(super) fn of(path: &Path) -> Files {
        let real = fs::canonicalize(path);
        let real = real.unwrap_or_else(|_| in_real_folder(path));
        let mut open = lock(&OPEN);
        let shared = open.get(&real).and_then(Weak::upgrade).unwrap_or_default();
        open.insert(real.clone(), Arc::downgrade(&shared));
        drop(open);
        Files { path: path.to_owned(), real, shared: Some(shared), seen: Mutex::default() }
    }

    pub(super) fn arm(&self, checkpoint: impl FnOnce()) -> io::Result<()> {
        let descriptors = self.descriptors()?;
        if Index::read(&descriptors.index)?.is_some_and(|index| index.is_checkpointing()) {
            checkpoint();
        }
        for _ in 0..TRIES {
            if let Some(state) = state(&descriptors)? {
                let header = header(&descriptors.main)?;
                *lock(&self.seen) = Some(Seen { descriptors, state, header });
                return Ok(());
            }
        }
        Err(io::Error::other("the log's index is never at rest"))
    }

    /// Returns the descriptors that another database of this path holds, if they still refer to the
    /// files at the path; otherwise opens new ones.
    fn descriptors(&self) -> io::Result<Arc<Descriptors>> {
        let shared = self.shared.clone().unwrap_or_default();
        let mut held = lock(&shared.0);
        if let Some(descriptors) = &*held
            && self.replaced(descriptors).is_none()
        {
            return Ok(Arc::clone(descriptors));
        }
        let descriptors = Arc::new(Descriptors {
            main: File::open(&self.real)?,
            index: File::open(beside(&self.real, "-shm"))?,
            log: File::open(beside(&self.real, "-wal"))?,
        });
        *held = Some(Arc::clone(&descriptors));
        Ok(descriptors)
    }

    /// Returns which file is no longer at its path and what happened to it, or `None`.
    fn replaced(&self, open: &Descriptors) -> Option<String> {
        let files = [
            (self.path.clone(), &open.main),
            (beside(&self.real, "-wal"), &open.log),
            (beside(&self.real, "-shm"), &open.index),
        ];
        files.iter().find_map(|(path, open)| {
            let what = match (fs::metadata(path), open.metadata()) {
                (Err(error), _) if error.kind() == io::ErrorKind::NotFound => "was removed",
                (Ok(there), Ok(open)) if !is_same(&there, &open) => "was replaced",
                _ => return None,
            };
            Some(format!("`{}` {what} while it was in use", path.display()))
        })
    }

    /// Compares the files with the last check.
    ///
    /// # Errors
    /// A sentence that says what happened to the files.
    pub(super) fn look(&self) -> Result<(), String> {
        let mut seen = lock(&self.seen);
        let Some(seen) = &mut *seen else {
            return Ok(());
        };
        if let Some(why) = self.replaced(&seen.descriptors) {
            return Err(why);
        }
        for _ in 0..TRIES {
            // A file that cannot be read at this moment is not lost; SQLite reports it if that
            // lasts.
            if let Ok(Some(now)) = state(&seen.descriptors) {
                return self.compare(seen, now);
            }
        }
        Ok(())
    }

    fn compare(&self, seen: &mut Seen, now: State) -> Result<(), String> {
        if now == seen.state {
            return Ok(());
        }
        if now.index.frames > 0 && !is_matching_log(&seen.descriptors.log, now.index) {
            // The log may have been restarted since the index was read: read it again.
            if Index::read(&seen.descriptors.index).is_ok_and(|index| index == Some(now.index)) {
                let log = beside(&self.real, "-wal");
                return Err(format!("`{}` was overwritten", log.display()));
            }
            return Ok(());
        }
        let header = header(&seen.descriptors.main).unwrap_or(seen.header);
        let explained = now.index != seen.state.index || now.index.is_checkpointing();
        if now.main != seen.state.main && !explained {
            let path = self.path.display();
            let mut why = format!("`{path}` was written by something else while it was in use");
            if header != seen.header || now.main.2 < seen.state.main.2 {
                why.push_str(&self.rename_log());
            }
            return Err(why);
        }
        seen.state = now;
        seen.header = header;
        Ok(())
    }

    /// Renames the log and its index: the log belongs to the previous content of the file, and
    /// would damage the new one.
    fn rename_log(&self) -> String {
        let suffix = format!(".{}", now());
        let aside = ["-wal", "-shm"].map(|file| {
            let from = beside(&self.real, file);
            fs::rename(&from, beside(&from, &suffix)).map(|()| beside(&from, &suffix))
        });
        match aside {
            [Ok(log), Ok(_)] => {
                format!("; the log of what was in it before is `{}` now", log.display())
            }
            [Err(error), _] | [_, Err(error)] => {
                format!("; its log could not be set aside ({error}): do so before the next start")
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let mut open = lock(&OPEN);
        *lock(&self.seen) = None;
        self.shared = None;
        if open.get(&self.real).is_some_and(|shared| shared.strong_count() == 0) {
            open.remove(&self.real);
        }
    }
}

/// Returns the state of the files; `None` if a checkpoint changed it meanwhile.
fn state(open: &Descriptors) -> io::Result<Option<State>> {
    let before = Index::read(&open.index)?;
    let main = open.main.metadata()?;
    let after = Index::read(&open.index)?;
    Ok(before
        .filter(|_| before == after)
        .map(|index| State { index, main: (main.mtime(), main.mtime_nsec(), main.len()) }))
}

/// Returns whether the log begins with the salts of the index.
fn is_matching_log(log: &File, index: Index) -> bool {
    let mut salts = [0; 8];
    log.read_exact_at(&mut salts, 16).is_ok() && salts == index.salts
}

fn header(main: &File) -> io::Result<[u8; HEADER]> {
    let mut header = [0; HEADER];
    main.read_exact_at(&mut header, 0).map(|()| header)
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Resolves symbolic links in the folder of a file that does not exist yet.
fn in_real_folder(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
