//! Why a step inside a transaction failed: a refusal of the store's contract, or an error of
//! SQLite.

use rusqlite::ErrorCode;

use crate::store::Refusal;

/// A refusal of the store's contract, or an error of SQLite.
#[derive(Debug)]
pub(super) enum SqliteError {
    /// Passed to the caller unchanged.
    Refused(Refusal),
    /// Reported to the caller as `unavailable`.
    Failed(rusqlite::Error),
}

impl SqliteError {
    /// Whether SQLite interrupted the step because it took too long.
    pub(super) fn is_interruption(&self) -> bool {
        let SqliteError::Failed(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }
}

/// Whether the file itself is damaged: SQLite reports it as corrupt, or a value in it cannot have
/// been written by this store.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let is_value = matches!(error, rusqlite::Error::FromSqlConversionFailure(..));
    is_value
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
}

/// The message for the operator of a damaged file.
pub(super) fn damaged(error: &rusqlite::Error) -> String {
    format!(
        "the database file is damaged ({error}): stop the server, keep a copy of the file and of \
        those beside it, and put \
         the last backup in its place; `sqlite3 FILE .recover` saves what can be read of it"
    )
}

/// The refusal for a failure before the end of a transaction: none of it was committed.
pub(super) fn not_done(error: &rusqlite::Error) -> Refusal {
    match is_damage(error) {
        true => Refusal::Damaged(damaged(error)),
        false => Refusal::NotDone(error.to_string()),
    }
}

/// The refusal for a failure of `COMMIT`. Only a lock conflict proves that nothing was committed.
pub(super) fn unknown(error: &rusqlite::Error) -> Refusal {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => not_done(error),
        _ => Refusal::Unavailable(error.to_string()),
    }
}

/// The result of a step inside a transaction.
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
