//! Relations: attributes stored as links, such as a group's `members`. A change names only the
//! links that it adds and removes, so its cost does not depend on the size of the group.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::json;
use crate::limits;
use crate::ordered::OrderedMap;
use crate::resource_type::{Relation, ResourceType};
use crate::schema::Content;
use crate::sorted_map::SortedMap;

/// A request's change of one relation of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether all existing links are removed first.
    pub cleared: bool,
    /// Whether a link to each id is to exist afterwards. Links to other ids stay as they are.
    pub wanted: OrderedMap<String, bool>,
}

/// The changes of all relations of a resource, by attribute name.
pub type Changes = SortedMap<Change>;

impl Change {
    /// A change after which exactly the links to these ids exist.
    #[must_use]
    pub fn to_exactly(ids: Vec<String>) -> Self {
        Self { cleared: true, wanted: OrderedMap::from_iter(ids.into_iter().map(|id| (id, true))) }
    }

    /// Adds links to these ids to the change.
    pub fn add(&mut self, ids: Vec<String>) {
        self.wanted.extend(ids.into_iter().map(|id| (id, true)));
    }

    /// Removes links to these ids in the change.
    pub fn remove(&mut self, ids: Vec<String>) {
        self.wanted.extend(ids.into_iter().map(|id| (id, false)));
    }

    /// Returns the ids that are to be linked, or those that are not to be.
    pub fn ids(&self, present: bool) -> impl Iterator<Item = &str> {
        self.wanted.iter().filter(move |(_, p)| **p == present).map(|(id, _)| id.as_str())
    }
}

/// Removes the relations from a content and returns them as changes that replace the existing
/// links.
///
/// # Errors
/// `invalidValue` if a relation is not an array of references; `tooMany` if it has too many values.
pub fn take(resource_type: &ResourceType, content: &mut Content) -> Result<Changes, Error> {
    let mut changes = Changes::new();
    for relation in &resource_type.definition.relations {
        let name = relation.attribute.as_str();
        let ids = match content.remove(name) {
            None => continue,
            Some(Value::Null) => Vec::new(),
            Some(given) if given.is_array() || json::unpacked(&given).is_some() => {
                ids(relation, &given)?
            }
            Some(_) => {
                return Err(Error::must_be(ErrorKind::InvalidValue, name, "an array"));
            }
        };
        changes.insert(name.to_owned(), Change::to_exactly(ids));
    }
    Ok(changes)
}

/// Returns the ids that the values of a relation refer to: an array of objects with `value`, one
/// such object, or the compact form that [`json`] makes of a large array.
///
/// # Errors
/// If a value has none of these forms; `tooMany` if there are too many.
pub fn ids(relation: &Relation, value: &Value) -> Result<Vec<String>, Error> {
    if let Some(packed) = json::unpacked(value) {
        let packed: Vec<String> = packed.map(ToOwned::to_owned).collect();
        return check_size(relation, packed.len()).map(|()| packed);
    }
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    check_size(relation, values.len())?;
    values.iter().map(|value| id(relation, value)).collect()
}

/// Checks that a request does not have too many values of a relation.
///
/// # Errors
/// `tooMany` beyond [`limits::LINKS_PER_REQUEST`].
pub fn check_size(relation: &Relation, values: usize) -> Result<(), Error> {
    let limit = limits::LINKS_PER_REQUEST;
    if values <= limit {
        return Ok(());
    }
    let detail = format!("`{}` may have at most {limit} values in one request", relation.attribute);
    Err(Error::new(ErrorKind::TooMany, detail))
}

fn id(relation: &Relation, value: &Value) -> Result<String, Error> {
    let mut members = value.as_object().into_iter().flatten();
    let id = members.find(|(key, _)| key.eq_ignore_ascii_case("value"));
    let id = id.and_then(|(_, id)| id.as_str()).filter(|id| !id.is_empty());
    id.map(ToOwned::to_owned).ok_or_else(|| {
        let detail = format!("each of `{}` must be an object with a `value`", relation.attribute);
        Error::new(ErrorKind::InvalidValue, detail)
    })
}
