//! Ordered collections that are small as WebAssembly, and objects built by insertion: `collect`
//! sorts first, and instantiates std's sorting code for each type.

use serde_json::{Map, Value};

pub use scimlet_store::{OrderedMap, OrderedSet};

/// Returns the object of these members; the last of two with the same name wins.
pub fn object(members: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    members.into_iter().for_each(|(name, value)| {
        object.insert(name, value);
    });
    object
}
