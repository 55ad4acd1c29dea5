//! The names in a filter and what they stand for in the database. They are looked up first, so that the SQL depends on the
//! filter's shape alone.

use std::collections::BTreeMap;

use crate::store::{Direction, Filter, Key, Relation};

/// A path of a kind.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Field {
    /// What `term` points at.
    pub(in crate::store) id: i64,
    /// How many entries have a term of it.
    pub(in crate::store) entries: i64,
}

/// What was found. What is not in here is not in the database either.
#[derive(Debug, Default)]
pub(in crate::store) struct Names {
    fields: BTreeMap<String, Field>,
    /// By kind and id of the entry at the other end and the link's name.
    ends: BTreeMap<(String, String, String), End>,
}

/// The entry at the other end of a relation.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct End {
    /// Its row.
    pub(in crate::store) seq: i64,
    /// Its links of the relation's name, if it ever had one.
    pub(in crate::store) linkset: Option<i64>,
}

impl Names {
    /// Notes a path.
    pub(in crate::store) fn add_field(&mut self, path: String, field: Field) {
        self.fields.insert(path, field);
    }

    /// Notes the other end of a relation of this name.
    pub(in crate::store) fn add_end(
        &mut self,
        other: Key,
        name: String,
        seq: i64,
        linkset: Option<i64>,
    ) {
        let end = End { seq, linkset };
        self.ends.insert((other.kind, other.id, name), end);
    }

    /// What a path stands for.
    pub(in crate::store) fn field(&self, path: &str) -> Option<Field> {
        self.fields.get(path).copied()
    }

    /// What the other end of a relation stands for.
    pub(super) fn end(&self, relation: &Relation) -> Option<End> {
        let (other, name) = (&relation.other, &relation.name);
        let key = (other.kind.clone(), other.id.clone(), name.clone());
        self.ends.get(&key).copied()
    }
}

impl Filter {
    /// The paths that it names, some of them several times.
    pub(in crate::store) fn paths(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        self.visit(&mut |leaf| match leaf {
            Filter::Compare(comparison) => paths.push(comparison.path.as_str()),
            Filter::Present(path) => paths.push(path.as_str()),
            _ => {}
        });
        paths
    }

    /// The relations that it names, and for each whether the other end's link set is wanted.
    pub(in crate::store) fn relations(&self) -> Vec<(&Relation, bool)> {
        let mut relations = Vec::new();
        self.visit(&mut |leaf| {
            if let Filter::Linked(relation) = leaf {
                let incoming = matches!(relation.direction, Direction::Incoming);
                relations.push((relation, incoming));
            }
        });
        relations
    }

    fn visit<'filter>(&'filter self, leaf: &mut impl FnMut(&'filter Filter)) {
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().for_each(|filter| filter.visit(leaf));
            }
            Filter::Negate(filter) => filter.visit(leaf),
            Filter::Compare(_) | Filter::Present(_) | Filter::Linked(_) => leaf(self),
        }
    }
}
