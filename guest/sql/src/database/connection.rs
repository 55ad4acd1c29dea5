//! What carries statements to a database.

use scimlet_store::Refusal;

use super::row::Row;
use crate::{Dialect, Sql};

/// What the statements of a transaction see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All see one state of the database.
    Read,
    /// Each sees what was committed before it. In SQLite the transaction has the lock for writing
    /// from its beginning.
    Write,
}

/// Why a statement or a transaction failed, as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    fn execute(&self, statements: Vec<Sql>) -> Result<Vec<Vec<Row>>, Failure>;

    /// Commits the transaction, durably.
    ///
    /// # Errors
    /// The database failed; with [`Failure::Unknown`] it may have been committed.
    fn commit(&self) -> Result<(), Failure>;

    /// Undoes the transaction.
    fn roll_back(&self);
}

/// Executes one statement, and returns its rows.
pub(super) fn rows(connection: &impl Connection, sql: Sql) -> Result<Vec<Row>, Failure> {
    let mut all = connection.execute(vec![sql])?;
    Ok(all.pop().unwrap_or_default())
}
