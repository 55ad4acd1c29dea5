//! A connection to a SQLite file.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection as Driver, Error, ErrorCode, params_from_iter};
use scimlet_sql::Dialect;
use scimlet_sql::database::{Cell, Connection, Failure, Mode, Row, Statement};

/// A connection, on which a transaction is a savepoint if the application has begun one.
pub struct SqliteConnection {
    driver: Driver,
}

impl SqliteConnection {
    /// Opens the file, and makes it if it does not exist.
    ///
    /// # Errors
    /// If SQLite cannot.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let driver = Driver::open(path)?;
        driver.busy_timeout(Duration::from_secs(10))?;
        driver.pragma_update(None, "journal_mode", "WAL")?;
        Ok(Self { driver })
    }

    /// The driver, for what an application does on the connection.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    fn run(&self, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
        let mut prepared = self.driver.prepare_cached(&statement.text)?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(params_from_iter(statement.parameters.iter().map(given)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let cells: rusqlite::Result<Vec<Cell>> =
                (0..columns).map(|column| Ok(cell(row.get_ref(column)?))).collect();
            found.push(cells?.into());
        }
        Ok(found)
    }
}

impl Connection for SqliteConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        let sql = match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        };
        self.driver.execute_batch(sql).map_err(failure)
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        statements.iter().map(|statement| self.run(statement).map_err(failure)).collect()
    }

    fn commit(&self) -> Result<(), Failure> {
        self.driver.execute_batch("COMMIT").map_err(failure)
    }

    fn roll_back(&self) {
        drop(self.driver.execute_batch("ROLLBACK"));
    }
}

fn given(cell: &Cell) -> ToSqlOutput<'_> {
    match cell {
        Cell::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Cell::Integer(number) => ToSqlOutput::from(*number),
        Cell::Real(number) => ToSqlOutput::from(*number),
        Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Cell::Boolean(flag) => ToSqlOutput::from(*flag),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

fn failure(error: Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Failure::Again(error.to_string())
        }
        _ => Failure::Failed(error.to_string()),
    }
}
