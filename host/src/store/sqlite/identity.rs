//! The file `….identity` beside a database's file: it says that a database was here, and which one.
//! Where it is there and the database is not, somebody has moved the database away or forgotten to
//! mount its disk, and an empty one in its place would answer every client that nobody is known.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::guard::beside;
use crate::store::DatabaseError;

/// Beside a database's file.
pub(super) fn place(path: &Path) -> PathBuf {
    beside(path, ".identity")
}

/// Refuses to make a database where one was.
pub(super) fn check(path: &Path) -> Result<(), DatabaseError> {
    // In this order: who makes a database makes the file first.
    let was_here = place(path).exists();
    let is_gone = fs::metadata(path).map_or_else(
        |error| error.kind() == std::io::ErrorKind::NotFound,
        |found| found.len() == 0,
    );
    if !(was_here && is_gone) {
        return Ok(());
    }
    let (name, identity) = (path.display(), place(path));
    let identity = identity.display();
    Err(DatabaseError::Unsuitable(format!(
        "the database `{name}` was here and is gone (`{identity}` tells of it): put it back, or start a new \
         one with `scimlet serve --create`"
    )))
}

/// Forgets that a database was here, if it is gone.
pub(super) fn forget(path: &Path) -> Result<(), DatabaseError> {
    if check(path).is_ok() {
        return Ok(());
    }
    fs::remove_file(place(path)).map_err(|error| {
        let name = place(path);
        DatabaseError::Unavailable(format!("cannot remove `{}`: {error}", name.display()))
    })
}

/// Gives the database an identity that stays, in the transaction that makes its tables.
pub(super) fn give(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO setting VALUES ('identity', lower(hex(randomblob(16))))",
        [],
    )
    .map(drop)
}

/// Notes beside the file which database is here. Without it everything works, so that a failure is
/// a warning.
pub(super) fn record(path: &Path, db: &Connection) {
    let sql = "SELECT value FROM setting WHERE name = 'identity'";
    let Ok(identity) = db.query_row(sql, [], |row| row.get::<_, String>(0)) else {
        return;
    };
    let (place, text) = (place(path), format!("{identity}\n"));
    match fs::read_to_string(&place) {
        Ok(before) if before == text => return,
        Ok(_) => tracing::warn!(
            "`{}` is another database than the one that was here before",
            path.display()
        ),
        Err(_) => {}
    }
    if let Err(error) = fs::write(&place, text) {
        tracing::warn!("cannot write `{}`: {error}", place.display());
    }
}
