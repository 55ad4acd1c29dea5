//! The connection that carries statements to a database.

use std::mem;
use std::ops::Range;

use scimlet_store::{Refusal, Scalar};

use super::row::{Cell, Row};
use crate::dialect::encode;
use crate::{Dialect, Sql, Value};

/// The states of the database that the statements of a transaction see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Mode {
    /// All see one state of the database.
    Read,
    /// Each sees what was committed before it. In SQLite the transaction has the lock for writing
    /// from its beginning.
    Write,
}

/// Why a statement or a transaction failed, as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Failure {
    /// Nothing happened, and the whole transaction may be run again: the database was busy, or two
    /// transactions were in each other's way.
    Again(String),
    /// Nothing happened.
    Failed(String),
    /// Whether the transaction was committed is unknown. Only from [`Connection::commit`].
    Unknown(String),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        match failure {
            Failure::Again(why) | Failure::Failed(why) | Failure::Unknown(why) => {
                Refusal::Unavailable(why)
            }
        }
    }
}

/// A statement, as a driver takes it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Statement {
    /// The text. Parameters are `?` in SQLite and `$1::TEXT`, `$2::BIGINT` … in PostgreSQL, in
    /// their order.
    pub text: String,
    /// The values of the parameters.
    pub parameters: Vec<Cell>,
}

impl Statement {
    fn new(dialect: Dialect, sql: Sql) -> Statement {
        let text = match dialect {
            Dialect::Sqlite => sql.as_str().to_owned(),
            Dialect::Postgres => sql.typed(),
        };
        let values = sql.into_values().into_iter();
        Statement { text, parameters: values.map(|value| parameter(dialect, value)).collect() }
    }
}

fn parameter(dialect: Dialect, value: Value) -> Cell {
    match (value, dialect) {
        (Value::Integer(number), _) => Cell::Integer(number),
        (Value::Text(text) | Value::OptionalText(Some(text)), _) => Cell::Text(text),
        (Value::OptionalText(None), _) => Cell::Null,
        (Value::Bytes(bytes), _) => Cell::Bytes(bytes),
        (Value::Boolean(flag), Dialect::Sqlite) => Cell::Integer(i64::from(flag)),
        (Value::Boolean(flag), Dialect::Postgres) => Cell::Boolean(flag),
        (Value::Term(stored), Dialect::Postgres) => Cell::Text(encode(&stored)),
        (Value::Term(stored), Dialect::Sqlite) => match stored.0 {
            Scalar::Text(text) => Cell::Text(text),
            Scalar::Number(number) => Cell::Real(number),
            Scalar::Boolean(flag) => Cell::Bytes(vec![u8::from(flag)]),
        },
    }
}

/// A connection to a database, on which one transaction runs at a time.
pub trait Connection {
    /// The SQL that the database understands.
    fn dialect(&self) -> Dialect;

    /// Begins a transaction.
    ///
    /// # Errors
    /// The database failed.
    fn begin(&self, mode: Mode) -> Result<(), Failure>;

    /// Executes the statements in their order and returns the rows of each. Outside a transaction
    /// it is one statement that reads.
    ///
    /// # Errors
    /// The first failure of a statement; the transaction has to be rolled back then.
    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure>;

    /// Commits the transaction, durably.
    ///
    /// # Errors
    /// The database failed; with [`Failure::Unknown`] it may have been committed.
    fn commit(&self) -> Result<(), Failure>;

    /// Undoes the transaction.
    fn roll_back(&self);
}

/// Executes statements in their order, and returns the rows of each.
pub(super) fn execute(
    connection: &impl Connection,
    statements: Vec<Sql>,
) -> Result<Vec<Vec<Row>>, Failure> {
    let dialect = connection.dialect();
    let statements = statements.into_iter().map(|sql| Statement::new(dialect, sql));
    connection.execute(statements.collect())
}

/// Executes one statement, and returns its rows.
pub(super) fn rows(connection: &impl Connection, sql: Sql) -> Result<Vec<Row>, Failure> {
    let mut all = execute(connection, vec![sql])?;
    Ok(all.pop().unwrap_or_default())
}

/// Runs `run` in a transaction, which is committed if it succeeds and undone if anything fails.
pub(super) fn within<T, E: From<Failure>>(
    connection: &impl Connection,
    mode: Mode,
    run: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    connection.begin(mode)?;
    let done = run().and_then(|value| {
        connection.commit()?;
        Ok(value)
    });
    if done.is_err() {
        connection.roll_back();
    }
    done
}

/// Statements that are executed together, and then the rows of each.
#[derive(Debug, Default)]
pub(super) struct Batch {
    statements: Vec<Sql>,
}

/// The rows of the statements of a [`Batch`].
#[derive(Debug)]
pub(super) struct Answers(Vec<Vec<Row>>);

impl Batch {
    /// Adds statements. Returns the place of their rows.
    pub(super) fn add(&mut self, statements: impl IntoIterator<Item = Sql>) -> Range<usize> {
        let first = self.statements.len();
        self.statements.extend(statements);
        first..self.statements.len()
    }

    /// Executes the statements.
    pub(super) fn execute(self, connection: &impl Connection) -> Result<Answers, Failure> {
        execute(connection, self.statements).map(Answers)
    }
}

impl Answers {
    /// Takes the rows of these statements.
    pub(super) fn rows(&mut self, place: Range<usize>) -> Vec<Row> {
        let found = self.0.get_mut(place).unwrap_or_default();
        found.iter_mut().flat_map(mem::take).collect()
    }
}
