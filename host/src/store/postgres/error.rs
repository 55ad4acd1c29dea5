//! Why a step did not succeed: the contract's refusal, or PostgreSQL's failure.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use crate::store::{DatabaseError, Refusal};

/// Why nothing was asked.
pub(super) const NO_CONNECTION: &str = "no connection became free";
/// Why nothing is known of what was asked.
pub(super) const NO_ANSWER: &str = "the database did not answer in time";

/// A refusal of the contract, or a failure of PostgreSQL.
#[derive(Debug)]
pub(super) enum PostgresError {
    /// What the caller is told as it stands.
    Refused(Refusal),
    /// What the caller is told as `unavailable`.
    Failed(Error),
    /// There was no connection to be had.
    Unreachable(String),
    /// There was no answer in time: what was asked may happen or not.
    Silent,
}

/// The result of a step.
pub(super) type PostgresResult<T> = Result<T, PostgresError>;

impl PostgresError {
    /// Whether the same transaction may succeed if it is run again: it got into the way of another
    /// one.
    pub(super) fn is_collision(&self) -> bool {
        let again = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ];
        matches!(self, PostgresError::Failed(error) if error.code().is_some_and(|code| again.contains(code)))
    }

    /// Whether the server itself said that the statement failed, and goes on: a COMMIT of which it
    /// says so did not happen.
    pub(super) fn is_certain(&self) -> bool {
        match self {
            PostgresError::Refused(_) | PostgresError::Unreachable(_) => true,
            PostgresError::Silent => false,
            PostgresError::Failed(error) => error
                .as_db_error()
                .is_some_and(|db| db.parsed_severity() == Some(Severity::Error)),
        }
    }

    /// Whether the connection, and any other that idles, is of no use any more: nothing answers
    /// there, or the server has ended it, goes down, or has become one that only reads.
    pub(super) fn ends_connections(&self) -> bool {
        let ends = [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ];
        match self {
            PostgresError::Refused(_) | PostgresError::Unreachable(_) => false,
            PostgresError::Silent => true,
            PostgresError::Failed(error) => error.code().is_some_and(|code| ends.contains(code)),
        }
    }

    /// Whether a search ran longer than the connection allows.
    pub(super) fn is_overdue(&self) -> bool {
        matches!(self, PostgresError::Failed(error) if error.code() == Some(&SqlState::QUERY_CANCELED))
    }
}

impl From<Refusal> for PostgresError {
    fn from(refusal: Refusal) -> PostgresError {
        PostgresError::Refused(refusal)
    }
}

impl From<Error> for PostgresError {
    fn from(error: Error) -> PostgresError {
        PostgresError::Failed(error)
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> PostgresError {
        match error {
            PoolError::Backend(error) => PostgresError::Failed(error),
            PoolError::Timeout(_) => PostgresError::Unreachable(NO_CONNECTION.into()),
            other => PostgresError::Unreachable(other.to_string()),
        }
    }
}

impl From<PostgresError> for Refusal {
    fn from(fault: PostgresError) -> Refusal {
        match fault {
            PostgresError::Refused(refusal) => refusal,
            PostgresError::Failed(error) if is_damage(&error) => Refusal::Damaged(damaged(&error)),
            PostgresError::Failed(error) => Refusal::Unavailable(explain(&error)),
            PostgresError::Unreachable(why) => Refusal::Unavailable(why),
            PostgresError::Silent => Refusal::Unavailable(NO_ANSWER.into()),
        }
    }
}

impl From<PostgresError> for DatabaseError {
    fn from(fault: PostgresError) -> DatabaseError {
        Refusal::from(fault).into()
    }
}

/// Whether the server found its own data damaged.
fn is_damage(error: &Error) -> bool {
    let damage = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
    error.code().is_some_and(|code| damage.contains(code))
}

/// What an operator is told of a damaged database.
fn damaged(error: &Error) -> String {
    let what = explain(error);
    format!(
        "PostgreSQL finds its data damaged: {what}: rebuild the index that it names (REINDEX), or restore the last backup"
    )
}

/// The error with what is behind it, for an operator. The values of a statement are not in it:
/// PostgreSQL gives them as a detail, which is left out.
pub(super) fn explain(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} ({})", db.message(), db.code().code());
    }
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
