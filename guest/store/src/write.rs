//! The writes of a commit, and its outcome (`wit/store.wit`).

use crate::{Draft, Event, Key, Link, LinkSet};

/// A new state for an entry that exists.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Replacement {
    /// The new state.
    pub draft: Draft,
    /// The version before the commit; 0 if an earlier write of the commit inserts the entry.
    pub version: u64,
}

/// The removal of an entry, its terms, and its links in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Removal {
    /// The entry.
    pub key: Key,
    /// The version before the commit; `None` accepts any.
    pub version: Option<u64>,
}

/// A condition of a commit: the entry has this version until the commit is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Expectation {
    /// The entry.
    pub key: Key,
    /// The version before the commit.
    pub version: u64,
}

/// A change of a counter, which starts at 0. A sum below 0 becomes 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Adjustment {
    /// The counter's name.
    pub counter: String,
    /// The number to add.
    pub by: i64,
    /// The greatest sum that an increase may have; a decrease is never refused.
    pub ceiling: Option<u64>,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Write {
    /// Inserts an entry. Refused as `taken` if the key or a unique term is in use.
    Insert(Draft),
    /// Replaces an entry. Refused as `stale` unless it has this version, as `missing` if it does
    /// not exist, as `taken` if a unique term is in use.
    Replace(Replacement),
    /// Removes an entry. Refused as `stale` and `missing` like a replacement.
    Remove(Removal),
    /// Changes nothing. Refused as `stale` and `missing` like a replacement.
    Expect(Expectation),
    /// Adds links. Refused as `taken` if one exists already, as `missing` with the end that does
    /// not exist after all writes.
    Link(Vec<Link>),
    /// Removes links. Refused as `missing` with the target of a link that does not exist.
    Unlink(Vec<Link>),
    /// Removes every link of a set, if there are any.
    UnlinkAll(LinkSet),
    /// Changes a counter. Refused as `over-ceiling`.
    Adjust(Adjustment),
    /// Appends an event.
    Append(Event),
    /// Empties the bodies of all events about this entry so far, including those that earlier
    /// writes of the commit appended.
    Redact(Key),
}

impl Write {
    /// Returns the replacement of an entry that has this version.
    #[must_use]
    pub fn replace(draft: Draft, version: u64) -> Self {
        Self::Replace(Replacement { draft, version })
    }

    /// Returns the removal of an entry that has this version, or any.
    #[must_use]
    pub fn remove(key: Key, version: Option<u64>) -> Self {
        Self::Remove(Removal { key, version })
    }

    /// Returns the change of a counter.
    pub fn adjust(counter: impl Into<String>, by: i64, ceiling: Option<u64>) -> Self {
        Self::Adjust(Adjustment { counter: counter.into(), by, ceiling })
    }

    /// Returns the removal of all links of this name from an entry.
    pub fn unlink_all(source: Key, name: impl Into<String>) -> Self {
        Self::UnlinkAll(LinkSet { source, name: name.into() })
    }

    /// Returns the condition that an entry has this version.
    #[must_use]
    pub fn expect(key: Key, version: u64) -> Self {
        Self::Expect(Expectation { key, version })
    }
}

/// The outcome of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Committed {
    /// The commit's time in milliseconds since 1970.
    #[cfg_attr(feature = "json", serde(deserialize_with = "crate::json::wide"))]
    pub at: u64,
    /// The new version of each entry that changed, without removed ones, in any order.
    #[cfg_attr(feature = "json", serde(deserialize_with = "crate::json::wide"))]
    pub versions: Vec<(Key, u64)>,
}
