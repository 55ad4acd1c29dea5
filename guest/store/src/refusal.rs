//! Why a store refuses a call (`wit/store.wit`).

use crate::Key;

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub enum Refusal {
    /// The path of the unique term, `id` for the key, or a link's name.
    #[error("`{0}` is taken")]
    Taken(String),
    /// The entry has another version.
    #[error("{} `{}` has changed", .0.kind, .0.id)]
    Stale(Key),
    /// The entry does not exist.
    #[error("{} `{}` does not exist", .0.kind, .0.id)]
    Missing(Key),
    /// The counter.
    #[error("the counter `{0}` would exceed its ceiling")]
    OverCeiling(String),
    /// The call is larger than the store accepts; says which part.
    #[error("too many {0}")]
    TooMany(String),
    /// The call violates the contract, or a commit writes a profile that the host does not accept.
    #[error("{0}")]
    Invalid(String),
    /// The store failed; the text is for the operator's log. After this from a commit it is unknown
    /// whether the commit happened.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store cannot commit now, and nothing was committed. Only from a commit.
    #[error("nothing was committed: {0}")]
    NotDone(String),
    /// Stored data is damaged. Nothing was committed.
    #[error("{0}")]
    Damaged(String),
}

/// Which write of a commit was refused, and why. Unless the reason is [`Refusal::Unavailable`],
/// nothing was committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write {write}: {reason}")]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Rejection {
    /// Counts from 0. A failure of the store itself blames 0.
    pub write: u32,
    /// Why the write was refused.
    pub reason: Refusal,
}
