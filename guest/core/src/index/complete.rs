//! Records which indexed paths are complete: every entry has its terms, so that the store can
//! evaluate filters on them.

use std::cell::OnceCell;

use serde::Serialize;

use crate::sorted_map::SortedMap;
use crate::store::{Entry, Key};
use crate::{json, text};

/// The key of the entry that lists the indexed paths.
#[must_use]
pub fn index_key() -> Key {
    Key::new("$index", "current")
}

/// The body of the entry `$index`: the complete paths of each kind of entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexedPaths {
    /// The [`text::NORMALISATION`] that the terms were made with.
    pub normalisation: u32,
    /// The complete paths of each kind.
    pub paths: SortedMap<Vec<String>>,
}

json::decode_struct!(open IndexedPaths {
    normalisation: "normalisation",
    paths: "paths",
});

impl IndexedPaths {
    /// Returns the paths of this kind that the store can evaluate now.
    #[must_use]
    pub fn complete(&self, kind: &str) -> &[String] {
        let present = self.normalisation == text::NORMALISATION;
        self.paths.get(kind).filter(|_| present).map_or(&[], Vec::as_slice)
    }
}

/// The stored form of [`IndexedPaths`], decoded on first use, since few requests need it.
#[derive(Clone, Debug)]
pub struct StoredIndexedPaths {
    body: Option<String>,
    read: OnceCell<IndexedPaths>,
}

impl StoredIndexedPaths {
    /// Wraps the entry that lists the indexed paths, if it exists.
    pub(crate) fn new(entry: Option<Entry>) -> Self {
        Self { body: entry.map(|entry| entry.body), read: OnceCell::new() }
    }

    /// Returns the paths of this kind that the store can evaluate now.
    #[must_use]
    pub fn complete(&self, kind: &str) -> &[String] {
        let body = self.body.as_deref();
        let read = || body.and_then(|body| json::from_str(body).ok());
        let index = self.read.get_or_init(|| read().unwrap_or_default());
        index.complete(kind)
    }
}
