//! Ordered collections built by insertion. `collect` sorts first, and instantiates std's sorting
//! code for each type: together a fifteenth of the component.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Returns the map of these pairs; the last of two with the same key wins.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    pairs.into_iter().for_each(|(key, value)| {
        map.insert(key, value);
    });
    map
}

/// Returns the set of these items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    items.into_iter().for_each(|item| {
        set.insert(item);
    });
    set
}

/// Returns the object of these members; the last of two with the same name wins.
pub fn object(members: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    members.into_iter().for_each(|(name, value)| {
        object.insert(name, value);
    });
    object
}
