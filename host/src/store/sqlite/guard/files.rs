//! The three files of a database, as the operating system shows them.
//!
//! INVARIANT: a descriptor of the main file or of the `-shm` file is not closed while a connection
//! of this process is open: POSIX would release all locks that the process holds on the file. So
//! all databases of one path share descriptors ([`OPEN`]), acquire them before their first
//! connection and release them after their last.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::beside;

/// How often the index is read again when a checkpoint moves it meanwhile, before a look is given
/// up for this time.
const TRIES: usize = 16;

/// Bytes of the index that are of interest: two copies of the header, and what is known of
/// checkpoints.
const INDEX: usize = 136;

/// Bytes of the main file's header.
const HEADER: usize = 100;

/// Descriptors by path.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Shared>>> = Mutex::new(BTreeMap::new());

/// What all databases of one path in this process share.
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
    /// With symbolic links resolved; SQLite keeps the log beside that.
    real: PathBuf,
    shared: Option<Arc<Shared>>,
    seen: Mutex<Option<Seen>>,
}

/// The files at the last look.
struct Seen {
    descriptors: Arc<Descriptors>,
    state: State,
    /// The main file's first bytes.
    header: [u8; HEADER],
}

/// What two looks compare.
#[derive(Clone, PartialEq, Eq)]
struct State {
    index: Index,
    /// The main file's time of modification (seconds, nanoseconds) and size in bytes.
    main: (i64, i64, u64),
}

/// What the index says of the log and its checkpoints.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Index {
    frames: u32,
    salts: [u8; 8],
    /// Frames that are in the main file, and those that the last checkpoint began to bring there.
    backfilled: u32,
    attempted: u32,
}

impl Index {
    /// `None` if the header is being written.
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

    /// Whether a checkpoint may be writing the main file, or was interrupted.
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
        Files {
            path: path.to_owned(),
            real,
            shared: Some(shared),
            seen: Mutex::default(),
        }
    }

    pub(super) fn arm(&self, checkpoint: impl FnOnce()) -> io::Result<()> {
        let descriptors = self.descriptors()?;
        if Index::read(&descriptors.index)?.is_some_and(|index| index.is_checkpointing()) {
            checkpoint();
        }
        for _ in 0..TRIES {
            if let Some(state) = state(&descriptors)? {
                let header = header(&descriptors.main)?;
                *lock(&self.seen) = Some(Seen {
                    descriptors,
                    state,
                    header,
                });
                return Ok(());
            }
        }
        Err(io::Error::other("the log's index is never at rest"))
    }

    /// Those that another database of this path holds, if they are still of what is there; else new
    /// ones.
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

    /// Which of the files is not at its path any more, and what is there instead.
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

    /// Compares the files with the last look.
    ///
    /// # Errors
    /// What happened to them, in a sentence.
    pub(super) fn look(&self) -> Result<(), String> {
        let mut seen = lock(&self.seen);
        let Some(seen) = &mut *seen else {
            return Ok(());
        };
        if let Some(why) = self.replaced(&seen.descriptors) {
            return Err(why);
        }
        for _ in 0..TRIES {
            // What cannot be read at the moment is no sign of a loss; SQLite itself says so if it
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
        if now.index.frames > 0 && !is_log_of(&seen.descriptors.log, now.index) {
            // Unless it began anew in this moment.
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
                why.push_str(&self.set_aside());
            }
            return Err(why);
        }
        seen.state = now;
        seen.header = header;
        Ok(())
    }

    /// The log belongs to what was in the file before: brought into another content, it would
    /// damage that.
    fn set_aside(&self) -> String {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        let suffix = format!(".{}", since.unwrap_or_default().as_millis());
        let aside = ["-wal", "-shm"].map(|file| {
            let from = beside(&self.real, file);
            fs::rename(&from, beside(&from, &suffix)).map(|()| beside(&from, &suffix))
        });
        match aside {
            [Ok(log), Ok(_)] => format!(
                "; the log of what was in it before is `{}` now",
                log.display()
            ),
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
        if open
            .get(&self.real)
            .is_some_and(|shared| shared.strong_count() == 0)
        {
            open.remove(&self.real);
        }
    }
}

/// The state of the files, if no checkpoint moved meanwhile.
fn state(open: &Descriptors) -> io::Result<Option<State>> {
    let before = Index::read(&open.index)?;
    let main = open.main.metadata()?;
    let after = Index::read(&open.index)?;
    Ok(before.filter(|_| before == after).map(|index| State {
        index,
        main: (main.mtime(), main.mtime_nsec(), main.len()),
    }))
}

/// Whether the log begins as the index says.
fn is_log_of(log: &File, index: Index) -> bool {
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

/// The path in the folder that it leads to, for a file that is not there yet.
fn in_real_folder(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
