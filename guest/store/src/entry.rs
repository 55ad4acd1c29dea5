//! Entries, their index terms, and the links between them (`wit/store.wit`).

use std::fmt;

/// The name of an entry. Both parts are compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Key {
    /// The name of a resource type (`User`), or a text that begins with `$` for the component's own
    /// entries.
    pub kind: String,
    /// The id, unique among the entries of the kind.
    pub id: String,
}

impl Key {
    /// Returns the key of this kind and id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// A stored entry. Version and times belong to the store and are not part of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Entry {
    /// The entry's name.
    pub key: Key,
    /// Starts at 1; every commit that changes the entry or its outgoing links raises it by one.
    #[cfg_attr(feature = "json", serde(deserialize_with = "crate::json::wide"))]
    pub version: u64,
    /// The time of the commit that inserted it, in milliseconds since 1970.
    #[cfg_attr(feature = "json", serde(deserialize_with = "crate::json::wide"))]
    pub created: u64,
    /// The time of the last commit that changed it, in milliseconds since 1970.
    #[cfg_attr(feature = "json", serde(deserialize_with = "crate::json::wide"))]
    pub modified: u64,
    /// The body exactly as the component wrote it.
    pub body: String,
}

/// The value of a term. Values of different types are never equal.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Scalar {
    /// A text of at most 512 bytes, compared by its UTF-8.
    Text(String),
    /// A finite number; minus zero equals zero.
    Number(f64),
    /// A truth value.
    Boolean(bool),
}

/// One indexed value of an entry, normalised by the component: equal terms mean equal values.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Term {
    /// The path of the value. An entry may have several terms of one path, all of one type.
    pub path: String,
    /// The value.
    pub value: Scalar,
    /// Whether no other entry of the kind may have a unique term of this path and value.
    pub unique: bool,
}

/// The new state of an entry: body and terms replace all previous ones.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Draft {
    /// The entry's name.
    pub key: Key,
    /// The new body.
    pub body: String,
    /// All terms that the entry will have.
    pub terms: Vec<Term>,
}

/// A directed, named relation between two entries, such as a group's `members`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct Link {
    /// The entry that the link belongs to.
    pub source: Key,
    /// The relation's name.
    pub name: String,
    /// The entry that the link leads to.
    pub target: Key,
}

/// All links of one name from one entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct LinkSet {
    /// The entry that the links belong to.
    pub source: Key,
    /// The relation's name.
    pub name: String,
}

/// The end of a link from which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Direction {
    /// From the source to its targets.
    Outgoing,
    /// From the target to its sources.
    Incoming,
}

/// One page of the links at an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case", deny_unknown_fields))]
pub struct LinkPage {
    /// The links of the page.
    pub links: Vec<Link>,
    /// Present if more links follow, for use as `after`.
    pub next: Option<String>,
}
