//! The import `sql` as scimlet-sql's connection.

use scimlet_sql::Dialect;
use scimlet_sql::database::{Cell, Connection, Failure, Mode, Row, Statement};

use crate::bindings::scimlet::plugin::sql as wit;

/// The import `sql`.
#[derive(Clone, Copy, Debug)]
pub struct ImportedConnection(Dialect);

/// Returns the import.
pub fn imported() -> ImportedConnection {
    ImportedConnection(match wit::database().dialect {
        wit::Dialect::Sqlite => Dialect::Sqlite,
        wit::Dialect::Postgres => Dialect::Postgres,
    })
}

/// Returns the name of the tenant that the import is bound to.
pub fn tenant() -> String {
    wit::database().tenant
}

impl Connection for ImportedConnection {
    fn dialect(&self) -> Dialect {
        self.0
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        wit::begin(match mode {
            Mode::Read => wit::Mode::Read,
            Mode::Write => wit::Mode::Write,
        })
        .map_err(failure)
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        let statements: Vec<wit::Statement> = statements.into_iter().map(statement).collect();
        let found = wit::execute(&statements).map_err(failure)?;
        let read = |rows: Vec<Vec<wit::Value>>| rows.into_iter().map(row).collect();
        Ok(found.into_iter().map(read).collect())
    }

    fn commit(&self) -> Result<(), Failure> {
        wit::commit().map_err(failure)
    }

    fn roll_back(&self) {
        wit::roll_back();
    }
}

fn failure(failure: wit::Failure) -> Failure {
    match failure {
        wit::Failure::Again(why) => Failure::Again(why),
        wit::Failure::Failed(why) => Failure::Failed(why),
        wit::Failure::Unknown(why) => Failure::Unknown(why),
    }
}

fn statement(statement: Statement) -> wit::Statement {
    let parameters = statement.parameters.into_iter().map(|cell| match cell {
        Cell::Null => wit::Value::Null,
        Cell::Integer(number) => wit::Value::Integer(number),
        Cell::Real(number) => wit::Value::Real(number),
        Cell::Text(text) => wit::Value::Text(text),
        Cell::Bytes(bytes) => wit::Value::Blob(bytes),
        Cell::Boolean(flag) => wit::Value::Boolean(flag),
    });
    wit::Statement { text: statement.text, parameters: parameters.collect() }
}

fn row(values: Vec<wit::Value>) -> Row {
    let cell = |value| match value {
        wit::Value::Null => Cell::Null,
        wit::Value::Integer(number) => Cell::Integer(number),
        wit::Value::Real(number) => Cell::Real(number),
        wit::Value::Text(text) => Cell::Text(text),
        wit::Value::Blob(bytes) => Cell::Bytes(bytes),
        wit::Value::Boolean(flag) => Cell::Boolean(flag),
    };
    values.into_iter().map(cell).collect::<Vec<Cell>>().into()
}
