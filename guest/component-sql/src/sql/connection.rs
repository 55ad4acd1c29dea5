//! The import `sql` as scimlet-sql's connection.

use scimlet_sql::database::{Cell, Connection, Failure, Mode, Row};
use scimlet_sql::dialect::encode;
use scimlet_sql::{Dialect, Sql, Value};
use scimlet_store::Scalar;

use crate::bindings::scimlet::plugin::sql as wit;

/// The import `sql`.
#[derive(Clone, Copy, Debug)]
pub struct ImportedConnection(Dialect);

impl ImportedConnection {
    /// Returns the connection to a database with this dialect.
    pub fn new(dialect: wit::Dialect) -> Self {
        Self(match dialect {
            wit::Dialect::Sqlite => Dialect::Sqlite,
            wit::Dialect::Postgres => Dialect::Postgres,
        })
    }
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

    fn execute(&self, statements: Vec<Sql>) -> Result<Vec<Vec<Row>>, Failure> {
        let statements: Vec<wit::Statement> =
            statements.into_iter().map(|sql| statement(self.0, sql)).collect();
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

fn statement(dialect: Dialect, sql: Sql) -> wit::Statement {
    let text = match dialect {
        Dialect::Sqlite => sql.as_str().to_owned(),
        Dialect::Postgres => sql.typed(),
    };
    let parameters = sql.into_values().into_iter().map(|value| parameter(dialect, value)).collect();
    wit::Statement { text, parameters }
}

fn parameter(dialect: Dialect, value: Value) -> wit::Value {
    match (value, dialect) {
        (Value::Integer(number), _) => wit::Value::Integer(number),
        (Value::Text(text) | Value::OptionalText(Some(text)), _) => wit::Value::Text(text),
        (Value::OptionalText(None), _) => wit::Value::Null,
        (Value::Bytes(bytes), _) => wit::Value::Blob(bytes),
        (Value::Boolean(flag), Dialect::Sqlite) => wit::Value::Integer(i64::from(flag)),
        (Value::Boolean(flag), Dialect::Postgres) => wit::Value::Boolean(flag),
        (Value::Term(stored), Dialect::Postgres) => wit::Value::Text(encode(&stored)),
        (Value::Term(stored), Dialect::Sqlite) => match stored.0 {
            Scalar::Text(text) => wit::Value::Text(text),
            Scalar::Number(number) => wit::Value::Real(number),
            Scalar::Boolean(flag) => wit::Value::Blob(vec![u8::from(flag)]),
        },
    }
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
