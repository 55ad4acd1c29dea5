//! Sorted maps and sets, filled one by one. `collect` sorts first, and in WebAssembly the sort of
//! each type has five kilobytes.

use std::collections::{BTreeMap, BTreeSet};

/// Returns the map of these entries; of equal keys the last one counts.
pub(crate) fn map<K: Ord, V>(entries: impl Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// Returns the set of these values.
pub(crate) fn set<T: Ord>(values: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for value in values {
        set.insert(value);
    }
    set
}
