//! Why a step failed: a refusal of the store's contract, or an error of PostgreSQL.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use crate::store::{DatabaseError, Refusal};

/// Why nothing was asked.
pub(super) const NO_CONNECTION: &str = "no connection became free";
/// Why nothing is known of what was asked.
pub(super) const NO_ANSWER: &str = "the database did not answer in time";

/// A refusal of the store's contract, or an error of PostgreSQL.
#[derive(Debug)]
pub(super) enum PostgresError {
    /// Passed to the caller unchanged.
    Refused(Refusal),
    /// Reported to the caller as `unavailable`.
    Failed(Error),
    /// No connection could be obtained.
    Unreachable(String),
    /// The server did not answer in time: the statement may or may not take effect.
    Silent,
}

/// The result of a step.
pub(super) type PostgresResult<T> = Result<T, PostgresError>;

impl PostgresError {
    /// Whether the transaction collided with another one, so that it may succeed if it is run
    /// again.
    pub(super) fn is_collision(&self) -> bool {
        let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        matches!(self, PostgresError::Failed(error)
            if error.code().is_some_and(|code| again.contains(code)))
    }

    /// Whether it is certain that the statement had no effect: the server itself reported its
    /// failure. A COMMIT that failed so was not committed.
    pub(super) fn is_certain(&self) -> bool {
        match self {
            PostgresError::Refused(_) | PostgresError::Unreachable(_) => true,
            PostgresError::Silent => false,
            PostgresError::Failed(error) => {
                error.as_db_error().is_some_and(|db| db.parsed_severity() == Some(Severity::Error))
            }
        }
    }

    /// Whether this connection and all idle ones have become unusable: the server does not answer,
    /// is shutting down, or has become read-only.
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

    /// Whether the server cancelled a search because it took too long.
    pub(super) fn is_overdue(&self) -> bool {
        matches!(self, PostgresError::Failed(error)
            if error.code() == Some(&SqlState::QUERY_CANCELED))
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

/// Whether the server reported its own data as damaged.
fn is_damage(error: &Error) -> bool {
    let damage = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
    error.code().is_some_and(|code| damage.contains(code))
}

/// The message for the operator of a damaged database.
fn damaged(error: &Error) -> String {
    let what = explain(error);
    format!(
        "PostgreSQL finds its data damaged: {what}: rebuild the index that it names (REINDEX), or \
         restore the last backup"
    )
}

/// Describes the error with its cause, for an operator. PostgreSQL puts the values of a statement
/// into the error's detail, which is left out.
pub(super) fn explain(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} ({})", db.message(), db.code().code());
    }
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
