//! Resources that match, as they are held until they are shown.

use std::cmp::Ordering;

use crate::sort::SortKey;
use crate::store::{Entry, Key};
use crate::{limits, sort};

/// A resource that matches.
pub(super) struct Match {
    /// Its entry's key.
    pub at: Key,
    /// Milliseconds since 1970.
    pub created: u64,
    /// The entry; `None` where it is to be read once more when it is shown, so that not too much is
    /// held.
    pub entry: Option<Entry>,
    /// Its place in the order, where that was worth computing and it has a value.
    pub key: Option<SortKey>,
}

impl Match {
    /// How the keys are ordered.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        sort::compare(self.key.as_ref(), other.key.as_ref(), descending)
    }

    /// Bytes of the entry's body, if it is held.
    pub fn bytes(&self) -> usize {
        self.entry.as_ref().map_or(0, |entry| entry.body.len())
    }
}

/// Matches, with the entries of as many as may be held.
#[derive(Default)]
pub(super) struct MatchBuffer {
    pub found: Vec<Match>,
    bytes: usize,
}

impl MatchBuffer {
    /// Adds those of these hits that match.
    pub fn add(&mut self, judged: Vec<(Option<Match>, String)>) {
        for mut found in judged.into_iter().filter_map(|(found, _)| found) {
            self.bytes = self.bytes.saturating_add(found.bytes());
            if self.is_full() {
                found.entry = None;
            }
            self.found.push(found);
        }
    }

    /// Whether a page of them would have ended.
    pub fn is_full(&self) -> bool {
        self.bytes >= limits::HELD_BYTES
    }
}

/// Sorts, stably. One function, since each kind of sort takes ten kilobytes of the component.
pub(super) fn order(found: &mut [Match], by: &dyn Fn(&Match, &Match) -> Ordering) {
    found.sort_by(by);
}

/// A match of this entry.
pub(super) fn found(entry: Entry, key: Option<SortKey>) -> Match {
    Match { at: entry.key.clone(), created: entry.created, entry: Some(entry), key }
}
