//! The data types of the store: those of `wit/store.wit`, under the names used there. The calls are
//! the trait `port::Store`.

pub use scimlet_store::{
    Channel, Committed, Comparison, Direction, Draft, Entry, Event, Hit, Key, Link, LinkPage,
    LinkSet, Node, Operator, Order, Page, Query, Relation, Removal, Replacement, Scalar, Term,
    Window, Write,
};

/// Why the store refused a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Refusal {
    #[error("`{0}` is taken")]
    Taken(String),
    #[error("{0} is stale")]
    Stale(Key),
    #[error("{0} is missing")]
    Missing(Key),
    #[error("`{0}` is over its ceiling")]
    OverCeiling(String),
    #[error("too many {0}")]
    TooMany(String),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    NotDone(String),
    #[error("{0}")]
    Damaged(String),
    /// `unavailable` from `commit`: whether the commit happened is unknown.
    #[error("whether it happened is unknown: {0}")]
    Unknown(String),
    /// The application refused the change (`wit/application.wit`), as 403 or else as 400.
    #[error("the application refuses it: {sentence}")]
    Declined { forbidden: bool, sentence: String },
}

impl From<scimlet_store::Refusal> for Refusal {
    fn from(refusal: scimlet_store::Refusal) -> Self {
        use scimlet_store::Refusal as R;
        match refusal {
            R::Taken(path) => Self::Taken(path),
            R::Stale(key) => Self::Stale(key),
            R::Missing(key) => Self::Missing(key),
            R::OverCeiling(counter) => Self::OverCeiling(counter),
            R::TooMany(what) => Self::TooMany(what),
            R::Invalid(why) => Self::Invalid(why),
            R::Unavailable(why) => Self::Unavailable(why),
            R::NotDone(why) => Self::NotDone(why),
            R::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// Which write of a commit was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Rejection {
    pub write: u32,
    pub reason: Refusal,
}

impl Rejection {
    /// Converts the refusal of a commit: if the store was unavailable, whether the commit happened
    /// is unknown.
    #[must_use]
    pub fn of_commit(self) -> Self {
        match self.reason {
            Refusal::Unavailable(why) => Self { reason: Refusal::Unknown(why), ..self },
            _ => self,
        }
    }
}

impl From<scimlet_store::Rejection> for Rejection {
    fn from(rejection: scimlet_store::Rejection) -> Self {
        Self { write: rejection.write, reason: rejection.reason.into() }
    }
}
