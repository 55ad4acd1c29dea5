//! The data types of the store: those of `wit/store.wit`, under the names used there. The calls are
//! the trait `port::Store`.

use std::fmt;

use crate::limits;

/// Identifies an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// A resource type's name, or a word that starts with `$`.
    pub kind: String,
    /// Unique in its kind.
    pub id: String,
}

impl Key {
    /// The key of this kind and id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// An entry of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Entry {
    pub key: Key,
    pub version: u64,
    pub created: u64,
    pub modified: u64,
    pub body: String,
}

/// The value of a term.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Scalar {
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// An indexed value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Term {
    pub path: String,
    pub value: Scalar,
    pub unique: bool,
}

/// An entry as it is to be stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Draft {
    pub key: Key,
    pub body: String,
    pub terms: Vec<Term>,
}

/// A directed, named relation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Link {
    pub source: Key,
    pub name: String,
    pub target: Key,
}

/// How a term is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    StartsWith,
    EndsWith,
}

/// From which end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Direction {
    Outgoing,
    Incoming,
}

/// One node of a filter in postfix order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Node {
    Compare { path: String, operator: Operator, value: Scalar },
    Present(String),
    Linked { name: String, direction: Direction, other: Key },
    All(u32),
    Any(u32),
    Negate,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Window {
    Offset(u64),
    After(String),
}

/// A query for entries.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Query {
    pub kind: String,
    pub filter: Vec<Node>,
    /// The path of the term to sort by, and whether the order is descending.
    pub order: Option<(String, bool)>,
    pub window: Window,
    pub limit: u32,
    pub count: bool,
}

/// A page of matching entries.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Page {
    /// Entries with their positions, at which a next page can begin.
    pub hits: Vec<(Entry, String)>,
    pub total: Option<u64>,
    pub exact: bool,
    pub ordered: bool,
}

impl Page {
    /// Returns the total bytes of the bodies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.hits.iter().map(|(entry, _)| entry.body.len()).sum()
    }

    /// Returns whether no more hits follow a page of at most `limit`: a store may end a page early
    /// if its bodies are large.
    #[must_use]
    pub fn is_last(&self, limit: u32) -> bool {
        let is_short = u32::try_from(self.hits.len()).is_ok_and(|hits| hits < limit);
        is_short && self.bytes() < limits::STORE_PAGE_BYTES
    }
}

/// A page of the links at one anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct LinkPage {
    pub links: Vec<Link>,
    pub next: Option<String>,
}

/// The audience of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Channel {
    Feed,
    Audit,
}

/// An event that a commit publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Event {
    pub channel: Channel,
    pub name: String,
    pub subject: Option<Key>,
    pub body: String,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub enum Write {
    Insert(Draft),
    Replace(Draft, u64),
    Remove(Key, Option<u64>),
    Expect(Key, u64),
    Link(Vec<Link>),
    Unlink(Vec<Link>),
    UnlinkAll(Key, String),
    Adjust { counter: String, by: i64, ceiling: Option<u64> },
    Append(Event),
    Redact(Key),
}

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

/// The outcome of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub struct Committed {
    pub at: u64,
    pub versions: Vec<(Key, u64)>,
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
