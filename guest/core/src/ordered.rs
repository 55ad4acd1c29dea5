//! Ordered collections made by insertion. `collect` sorts first, and brings the whole of std's sorting with it once for each
//! type: together a fifteenth of the component.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The map of these pairs; of two with the same key, the last.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    pairs.into_iter().for_each(|(key, value)| {
        map.insert(key, value);
    });
    map
}

/// The set of these items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    items.into_iter().for_each(|item| {
        set.insert(item);
    });
    set
}

/// The object of these members; of two with the same name, the last.
pub fn object(members: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    members.into_iter().for_each(|(name, value)| {
        object.insert(name, value);
    });
    object
}
