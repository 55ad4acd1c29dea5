//! Queries and their pages (`wit/store.wit`). [`Filter`](crate::Filter) is the tree of the nodes.

use crate::{Direction, Entry, Key, Scalar, limits};

/// How a term's value is compared. Values of another type than the term's do not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Operator {
    /// The values are equal.
    Equal,
    /// The term's value is less.
    Less,
    /// The term's value is less or equal.
    LessOrEqual,
    /// The term's value is greater.
    Greater,
    /// The term's value is greater or equal.
    GreaterOrEqual,
    /// The term's text contains the text. Only for texts.
    Contains,
    /// The term's text starts with the text. Only for texts.
    StartsWith,
    /// The term's text ends with the text. Only for texts.
    EndsWith,
}

/// A condition that holds if any term of the path compares as stated.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Comparison {
    /// The terms' path.
    pub path: String,
    /// How the term's value is compared.
    pub operator: Operator,
    /// The value to compare with.
    pub value: Scalar,
}

/// A condition that holds for entries with a link of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Relation {
    /// The link's name.
    pub name: String,
    /// `Outgoing` for a link from the entry to `other`, `Incoming` for one from `other` to it.
    pub direction: Direction,
    /// The entry at the other end.
    pub other: Key,
}

/// One node of a filter in postfix order. A whole filter leaves one result.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Node {
    /// Some term of the path compares as stated.
    Compare(Comparison),
    /// The path has a term.
    Present(String),
    /// The link exists.
    Linked(Relation),
    /// All of this number of results before it hold.
    All(u32),
    /// At least one of this number of results before it holds.
    Any(u32),
    /// The last result does not hold.
    Negate,
}

impl Node {
    /// Returns the condition that some term of the path compares as stated.
    pub fn compare(path: impl Into<String>, operator: Operator, value: Scalar) -> Self {
        Self::Compare(Comparison { path: path.into(), operator, value })
    }

    /// Returns the condition that a link of this name exists.
    pub fn linked(name: impl Into<String>, direction: Direction, other: Key) -> Self {
        Self::Linked(Relation { name: name.into(), direction, other })
    }
}

/// The order of a query's hits. Entries without a term of the path come last in ascending and first
/// in descending order; ties are in order of creation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Order {
    /// A path of which an entry has at most one term.
    pub path: String,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Window {
    /// Skips this number of matches.
    Offset(u64),
    /// Continues after the hit with this position.
    After(String),
}

/// A search among the entries of one kind.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Query {
    /// The kind of the entries.
    pub kind: String,
    /// The filter in postfix order; empty for all entries of the kind.
    pub filter: Vec<Node>,
    /// The order of the hits; `None` for that of creation.
    pub order: Option<Order>,
    /// Where the page begins.
    pub window: Window,
    /// The most hits; 0 only to count.
    pub limit: u32,
    /// Whether `total` is wanted.
    pub count: bool,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Hit {
    /// The entry.
    pub entry: Entry,
    /// Opaque; where a page after this hit begins.
    pub position: String,
}

/// One page of the entries that match a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Page {
    /// The entries of the page.
    pub hits: Vec<Hit>,
    /// The number of all matches, on this page or not.
    #[cfg_attr(feature = "json", serde(default, deserialize_with = "crate::json::wide"))]
    pub total: Option<u64>,
    /// Whether every hit matches. If false, `offset`, `limit` and `total` count what was returned.
    pub exact: bool,
    /// Whether the hits are in the order of the query; else they are in order of creation.
    pub ordered: bool,
}

impl Page {
    /// Returns the total bytes of the bodies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.hits.iter().map(|hit| hit.entry.body.len()).sum()
    }

    /// Returns whether no more hits follow a page of at most `limit`: a store may end a page early
    /// if its bodies are large.
    #[must_use]
    pub fn is_last(&self, limit: u32) -> bool {
        let is_short = u32::try_from(self.hits.len()).is_ok_and(|hits| hits < limit);
        is_short && self.bytes() < limits::PAGE_BYTES
    }
}
