//! The file `….identity` beside a database's file: it records that a database was created here,
//! its identity, and its newest event.
//!
//! If this file exists and the database does not, the database was moved away or its disk is not
//! mounted; an empty database in its place would answer every client that no user exists. If the
//! database lacks the recorded event, an older copy was put in its place.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::guard::beside;
use super::rows::unsigned;
use crate::store::{ChainHead, DatabaseError};

/// Returns the path of the identity file of the database at `path`.
pub(super) fn identity_path(path: &Path) -> PathBuf {
    beside(path, ".identity")
}

/// Checks that creating a database here would not replace one that has gone.
///
/// # Errors
/// [`DatabaseError::Unsuitable`] if a database was here and is gone.
pub(super) fn check(path: &Path) -> Result<(), DatabaseError> {
    // In this order: a process that creates a database creates its file before the identity file.
    let was_here = identity_path(path).exists();
    let is_gone = fs::metadata(path).map_or_else(
        |error| error.kind() == std::io::ErrorKind::NotFound,
        |found| found.len() == 0,
    );
    if !(was_here && is_gone) {
        return Ok(());
    }
    let (name, identity) = (path.display(), identity_path(path));
    let identity = identity.display();
    Err(DatabaseError::Unsuitable(format!(
        "the database `{name}` was here and is gone (`{identity}` tells of it): put it back, or \
        start a new \
         one with `scimlet serve --create`"
    )))
}

/// Removes the identity file of a database that is gone.
pub(super) fn forget(path: &Path) -> Result<(), DatabaseError> {
    if check(path).is_ok() {
        return Ok(());
    }
    fs::remove_file(identity_path(path)).map_err(|error| {
        let name = identity_path(path);
        DatabaseError::Unavailable(format!("cannot remove `{}`: {error}", name.display()))
    })
}

/// Gives a new database its permanent identity, in the transaction that creates its tables.
pub(super) fn give(db: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO scimlet_setting
               VALUES ('identity', lower(hex(randomblob(16))))";
    db.execute(sql, []).map(drop)
}

/// A tenant's event. `tenant` is the tenant's row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) tenant: i64,
    pub(super) head: ChainHead,
}

/// The identity file beside an open database.
pub(super) struct Record {
    open: Mutex<Open>,
}

struct Open {
    /// `None` if the file cannot be written, which affects nothing else.
    file: Option<File>,
    /// The first line of the file.
    identity: String,
    is_restored: bool,
}

impl Record {
    /// Records beside the file which database is here, and checks that it has the newest recorded
    /// event. The database works without the identity file, so a failure is only a warning.
    pub(super) fn open(path: &Path, db: &Connection) -> Record {
        let sql = "SELECT value FROM scimlet_setting WHERE name = 'identity'";
        let identity: String = db.query_row(sql, [], |row| row.get(0)).unwrap_or_default();
        let name = identity_path(path);
        let before = fs::read_to_string(&name).unwrap_or_default();
        let mut lines = before.lines();
        let is_same = lines.next() == Some(&identity);
        if !before.is_empty() && !is_same {
            tracing::warn!(
                "`{}` is another database than the one that was here before",
                path.display()
            );
        }
        let known = lines.next().filter(|_| is_same).and_then(Newest::parse);
        let is_restored = known.is_some_and(|known| !known.is_in(db).unwrap_or(true));
        let file = File::options().create(true).truncate(false).write(true).open(&name);
        if let Err(error) = &file {
            tracing::warn!("cannot write `{}`: {error}", name.display());
        }
        let record = Record { open: Mutex::new(Open { file: file.ok(), identity, is_restored }) };
        if known.is_none() {
            record.renew(db);
        }
        record
    }

    /// Whether an older copy of the database was restored, and no operator has acknowledged that
    /// yet.
    pub(super) fn is_restored(&self) -> bool {
        self.lock().is_restored
    }

    /// Records the newest event once it is durable. Does nothing for a restored database until the
    /// restore is acknowledged: otherwise the next start would not notice it.
    pub(super) fn note(&self, newest: Newest) {
        let mut open = self.lock();
        if !open.is_restored {
            open.write(Some(newest));
        }
    }

    /// Rewrites the file for the database as it is now.
    pub(super) fn renew(&self, db: &Connection) {
        let newest = Newest::of(db).ok().flatten();
        let mut open = self.lock();
        open.is_restored = false;
        open.write(newest);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// All lines have equal length, so that a write overwrites the previous one completely. The
    /// file is not synced: after a power failure it may name an earlier event, but never one that
    /// does not exist.
    fn write(&mut self, newest: Option<Newest>) {
        let Some(file) = &mut self.file else {
            return;
        };
        let newest = newest.map(|newest| newest.text()).unwrap_or_default();
        let text = format!("{}\n{newest}", self.identity);
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            tracing::warn!("the newest event is not noted beside the database: {error}");
            self.file = None;
        }
    }
}

impl Newest {
    /// Returns the newest of the tenants' last events.
    fn of(db: &Connection) -> rusqlite::Result<Option<Newest>> {
        let sql = "SELECT t.id, t.sequence, t.digest
                   FROM scimlet_tenant t
                   JOIN scimlet_event e ON e.tenant = t.id AND e.sequence = t.sequence
                   ORDER BY e.at DESC LIMIT 1";
        db.query_row(sql, [], |row| {
            Ok(Newest {
                tenant: row.get(0)?,
                head: ChainHead { sequence: unsigned(row.get(1)?), digest: row.get(2)? },
            })
        })
        .optional()
    }

    fn text(&self) -> String {
        let Newest { tenant, head } = self;
        let digest = HEXLOWER.encode(&head.digest);
        format!("{tenant:020} {:020} {digest}\n", head.sequence)
    }

    fn parse(text: &str) -> Option<Newest> {
        let mut parts = text.split(' ');
        let tenant = parts.next()?.parse().ok()?;
        let sequence = parts.next()?.parse().ok()?;
        let digest = HEXLOWER.decode(parts.next()?.as_bytes()).ok()?;
        let digest = digest.try_into().ok()?;
        Some(Newest { tenant, head: ChainHead { sequence, digest } })
    }

    /// Whether the database has this event, or had it in a tenant that has been deleted since.
    fn is_in(&self, db: &Connection) -> rusqlite::Result<bool> {
        let sequence = i64::try_from(self.head.sequence).unwrap_or(i64::MAX);
        let found: Option<Vec<u8>> = db
            .query_row(
                "SELECT digest FROM scimlet_event WHERE tenant = ? AND sequence = ?",
                params![self.tenant, sequence],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(digest) = found {
            return Ok(digest == self.head.digest);
        }
        let sql = "SELECT NOT EXISTS(SELECT 1 FROM scimlet_tenant WHERE id = ?1)
                   AND EXISTS(SELECT 1 FROM sqlite_sequence
                              WHERE name = 'scimlet_tenant' AND seq >= ?1)";
        db.query_row(sql, [self.tenant], |row| row.get(0))
    }
}
