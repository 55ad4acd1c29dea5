//! Matching resources, as they are held until they are written to the response.

use std::cmp::Ordering;

use crate::sort::SortKey;
use crate::store::{Entry, Key};
use crate::{limits, sort};

/// A matching resource.
pub(super) struct Match {
    /// The key of its entry.
    pub at: Key,
    /// Creation time, in milliseconds since 1970.
    pub created: u64,
    /// The entry; `None` if it is to be read again when it is shown, to save memory.
    pub entry: Option<Entry>,
    /// Its sort key; `None` if it was not needed, or the resource has no value.
    pub key: Option<SortKey>,
}

impl Match {
    /// Compares the sort keys of two matches.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        sort::compare(self.key.as_ref(), other.key.as_ref(), descending)
    }

    /// Returns the bytes of the entry's body, if it is held.
    pub fn bytes(&self) -> usize {
        self.entry.as_ref().map_or(0, |entry| entry.body.len())
    }
}

/// Matches, of which a limited number have their entries held.
#[derive(Default)]
pub(super) struct MatchBuffer {
    pub found: Vec<Match>,
    bytes: usize,
}

impl MatchBuffer {
    /// Adds those hits that match.
    pub fn add(&mut self, judged: Vec<(Option<Match>, String)>) {
        for mut found in judged.into_iter().filter_map(|(found, _)| found) {
            self.bytes = self.bytes.saturating_add(found.bytes());
            if self.is_full() {
                found.entry = None;
            }
            self.found.push(found);
        }
    }

    /// Returns whether a page of these matches would be full.
    pub fn is_full(&self) -> bool {
        self.bytes >= limits::HELD_BYTES
    }
}

/// Sorts stably. Not generic, since each instance of a sort adds ten kilobytes to the component.
pub(super) fn order(found: &mut [Match], by: &dyn Fn(&Match, &Match) -> Ordering) {
    found.sort_by(by);
}

/// Returns the match for an entry.
pub(super) fn found(entry: Entry, key: Option<SortKey>) -> Match {
    Match { at: entry.key.clone(), created: entry.created, entry: Some(entry), key }
}
