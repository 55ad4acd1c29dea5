//! The tables: makes them, renames those without prefix, and refuses those of a newer version.

use super::connection::{Connection, Failure, Mode, execute, rows, within};
use super::row::Row;
use super::tenants::transaction;
use crate::schema::{
    ADD_DIGESTS_SQLITE, IS_UNPREFIXED_POSTGRES, IS_UNPREFIXED_SQLITE, LACKS_DIGESTS_SQLITE,
    POSTGRES, READ_VERSION, RENAME_POSTGRES, RENAME_SQLITE, SET_VERSION, SQLITE, VERSION,
    VERSION_ROW, VERSION_TABLE,
};
use crate::{Dialect, Sql};

/// Why there are no tables to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The tables are of this version, which is newer.
    Newer(i64),
    /// The database failed, or its tables are not as scimlet made them.
    Failed(String),
}

impl From<Failure> for Unusable {
    fn from(failure: Failure) -> Unusable {
        let (Failure::Again(why) | Failure::Failed(why) | Failure::Unknown(why)) = failure;
        Unusable::Failed(why)
    }
}

/// How often to look again after another process was making the tables.
const ATTEMPTS: u32 = 8;

/// Makes the tables unless they exist. Of many processes that start at once one does it.
///
/// # Errors
/// The tables are of a newer version, or the database failed.
pub fn migrate(connection: &impl Connection) -> Result<(), Unusable> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match attempt(connection) {
            Err(Unusable::Failed(_)) if attempts < ATTEMPTS => {}
            done => return done,
        }
    }
}

fn attempt(connection: &impl Connection) -> Result<(), Unusable> {
    if version(connection)? == Some(VERSION) {
        return Ok(());
    }
    // If two processes make this table at the same moment, one of them fails, and looks again.
    transaction(connection, vec![Sql::new(VERSION_TABLE)])?;
    transaction(connection, vec![Sql::new(VERSION_ROW)])?;
    within(connection, Mode::Write, || make(connection))
}

/// Returns the version of the tables; `None` if there are none.
fn version(connection: &impl Connection) -> Result<Option<i64>, Unusable> {
    let exists = Sql::new(match connection.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'scimlet_schema'",
        Dialect::Postgres => "SELECT COUNT(to_regclass('scimlet_schema'))",
    });
    if number(rows(connection, exists)?)? == Some(0) {
        return Ok(None);
    }
    let version = rows(connection, Sql::new(READ_VERSION))?;
    match number(version)? {
        Some(version) if version > VERSION => Err(Unusable::Newer(version)),
        version => Ok(version.filter(|version| *version > 0)),
    }
}

fn number(rows: Vec<Row>) -> Result<Option<i64>, Unusable> {
    let first = rows.into_iter().next().map(|mut row| row.integer()).transpose();
    first.map_err(|refusal| Unusable::Failed(refusal.to_string()))
}

/// Makes the tables in a transaction, unless another process has made them meanwhile.
fn make(connection: &impl Connection) -> Result<(), Unusable> {
    let lock = match connection.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE",
    };
    let locked = rows(connection, Sql::new(READ_VERSION).text(lock))?;
    match number(locked)? {
        Some(VERSION) => return Ok(()),
        Some(version) if version > VERSION => return Err(Unusable::Newer(version)),
        _ => {}
    }
    let tables = &tables(connection)?;
    let statements = statements(tables).chain([SET_VERSION]).map(Sql::new);
    execute(connection, statements.collect())?;
    Ok(())
}

/// Returns what makes the tables, or renames those that an earlier host made without prefix.
fn tables(connection: &impl Connection) -> Result<String, Unusable> {
    let dialect = connection.dialect();
    let asked = |question| number(rows(connection, Sql::new(question))?);
    let (is_unprefixed, rename, make) = match dialect {
        Dialect::Sqlite => (IS_UNPREFIXED_SQLITE, RENAME_SQLITE, SQLITE),
        Dialect::Postgres => (IS_UNPREFIXED_POSTGRES, RENAME_POSTGRES, POSTGRES),
    };
    if asked(is_unprefixed)? != Some(1) {
        return Ok(make.to_owned());
    }
    if dialect == Dialect::Sqlite && asked(LACKS_DIGESTS_SQLITE)? == Some(1) {
        return Ok([rename, ADD_DIGESTS_SQLITE].concat());
    }
    Ok(rename.to_owned())
}

/// Returns the statements of a file, which end with `;` at the end of a line.
fn statements(file: &str) -> impl Iterator<Item = &str> {
    file.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}
