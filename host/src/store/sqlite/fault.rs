//! Why a step inside a transaction did not succeed: the contract's refusal, or SQLite's failure.

use rusqlite::ErrorCode;

use crate::store::Refusal;

/// A refusal of the contract, or a failure of SQLite.
#[derive(Debug)]
pub(super) enum Fault {
    /// What the caller is told as it stands.
    Refused(Refusal),
    /// What the caller is told as `unavailable`.
    Failed(rusqlite::Error),
}

impl Fault {
    /// Whether it was ended because it took too long.
    pub(super) fn is_interruption(&self) -> bool {
        let Fault::Failed(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }
}

/// The result of a step.
pub(super) type Step<T> = Result<T, Fault>;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Failed(error)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Failed(error) => Refusal::Unavailable(error.to_string()),
        }
    }
}
