//! The state before a commit.

use scimlet_store::{Key, Link, LinkSet};

use crate::Stored;
use scimlet_store::{OrderedMap, OrderedSet};

/// Row id and version of an entry before the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// The row id.
    pub seq: i64,
    /// The version.
    pub version: i64,
}

/// The terms of one entry: field and value, with whether the term is unique.
pub type Terms = OrderedMap<(i64, Stored), bool>;

/// The state before a commit, as far as its [`LockPlan`](super::LockPlan) names it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The entries that exist.
    pub entries: OrderedMap<Key, Before>,
    /// The existing links, with the rows of their ends. Links to entries that are removed are among
    /// them, also those that no write names.
    pub links: OrderedMap<Link, (i64, i64)>,
    /// The emptied link sets that contain more links than those in `links`.
    pub others: OrderedSet<LinkSet>,
    /// The counters, which are not locked yet; those that are missing are 0.
    pub counters: OrderedMap<String, i64>,
    /// The terms of the entries that lose them, by the row ids of the entries.
    pub terms: OrderedMap<i64, Terms>,
    /// Rows and versions of expected entries that are not locked.
    pub expected: Vec<(i64, i64)>,
    /// Row ids for inserted entries, ascending.
    pub seqs: Vec<i64>,
}
