//! The names in a filter and their row ids. They are looked up first, so that the SQL depends only
//! on the filter's shape.

use scimlet_store::{Key, Relation};

use scimlet_store::OrderedMap;

/// A path of terms in a kind.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The row id, to which `term` refers.
    pub id: i64,
    /// The number of entries with a term of this path.
    pub entries: i64,
}

/// The names that exist in the database, with their row ids. Others match nothing.
#[derive(Debug, Default)]
pub struct Names {
    fields: OrderedMap<String, Field>,
    /// Ends by kind and id of the entry and the link's name.
    ends: OrderedMap<(String, String, String), End>,
}

/// The entry at the other end of a relation.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The entry's row id.
    pub seq: i64,
    /// The link set of the relation's name, if the entry ever had one.
    pub linkset: Option<i64>,
}

impl Names {
    /// Adds a path.
    pub fn add_field(&mut self, path: String, field: Field) {
        self.fields.insert(path, field);
    }

    /// Adds the other end of a relation.
    pub fn add_end(&mut self, other: Key, name: String, seq: i64, linkset: Option<i64>) {
        let end = End { seq, linkset };
        self.ends.insert((other.kind, other.id, name), end);
    }

    /// Returns the field of a path.
    pub fn field(&self, path: &str) -> Option<Field> {
        self.fields.get(path).copied()
    }

    /// Returns the other end of a relation.
    pub(super) fn end(&self, relation: &Relation) -> Option<End> {
        let (other, name) = (&relation.other, &relation.name);
        let key = (other.kind.clone(), other.id.clone(), name.clone());
        self.ends.get(&key).copied()
    }
}
