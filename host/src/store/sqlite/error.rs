//! Why a step inside a transaction did not succeed: the contract's refusal, or SQLite's failure.

use rusqlite::ErrorCode;

use crate::store::Refusal;

/// A refusal of the contract, or a failure of SQLite.
#[derive(Debug)]
pub(super) enum SqliteError {
    /// What the caller is told as it stands.
    Refused(Refusal),
    /// What the caller is told as `unavailable`.
    Failed(rusqlite::Error),
}

impl SqliteError {
    /// Whether it was ended because it took too long.
    pub(super) fn is_interruption(&self) -> bool {
        let SqliteError::Failed(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }
}

/// Whether the file itself is at fault: SQLite says so, or a value in it cannot be what was
/// written.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let is_value = matches!(error, rusqlite::Error::FromSqlConversionFailure(..));
    is_value
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
}

/// What an operator is told of a damaged file.
pub(super) fn damaged(error: &rusqlite::Error) -> String {
    format!(
        "the database file is damaged ({error}): stop the server, keep a copy of the file and of \
        those beside it, and put \
         the last backup in its place; `sqlite3 FILE .recover` saves what can be read of it"
    )
}

/// A failure before the end of a transaction: nothing of it happened.
pub(super) fn not_done(error: &rusqlite::Error) -> Refusal {
    match is_damage(error) {
        true => Refusal::Damaged(damaged(error)),
        false => Refusal::NotDone(error.to_string()),
    }
}

/// A failure of the end of a transaction. Only where a lock was in the way it is certain that
/// nothing happened.
pub(super) fn unknown(error: &rusqlite::Error) -> Refusal {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => not_done(error),
        _ => Refusal::Unavailable(error.to_string()),
    }
}

/// The result of a step.
pub(super) type SqliteResult<T> = Result<T, SqliteError>;

impl From<Refusal> for SqliteError {
    fn from(refusal: Refusal) -> SqliteError {
        SqliteError::Refused(refusal)
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> SqliteError {
        SqliteError::Failed(error)
    }
}

impl From<SqliteError> for Refusal {
    fn from(fault: SqliteError) -> Refusal {
        match fault {
            SqliteError::Refused(refusal) => refusal,
            SqliteError::Failed(error) if is_damage(&error) => Refusal::Damaged(damaged(&error)),
            SqliteError::Failed(error) => Refusal::Unavailable(error.to_string()),
        }
    }
}
