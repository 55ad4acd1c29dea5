//! The rows of kinds and of their terms' paths, which are inserted when they are first needed.

use super::change::Change;
use scimlet_store::{OrderedMap, OrderedSet};

/// Row ids of kinds by name, and of fields by kind and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldRows {
    kinds: OrderedMap<String, i64>,
    fields: OrderedMap<(String, String), i64>,
}

impl FieldRows {
    /// Adds the row of a kind.
    pub fn add_kind(&mut self, name: String, id: i64) {
        self.kinds.insert(name, id);
    }

    /// Adds the row of a path of a kind.
    pub fn add_field(&mut self, kind: String, path: String, id: i64) {
        self.fields.insert((kind, path), id);
    }

    /// Returns the row of a kind.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<i64> {
        self.kinds.get(name).copied()
    }

    /// Returns the row of a path of a kind.
    #[must_use]
    pub fn field(&self, kind: &str, path: &str) -> Option<i64> {
        let key = (kind.to_owned(), path.to_owned());
        self.fields.get(&key).copied()
    }
}

/// The kinds and paths whose rows a change needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed<'a> {
    /// The names of kinds.
    pub kinds: OrderedSet<&'a str>,
    /// Kinds and paths.
    pub fields: OrderedSet<(&'a str, &'a str)>,
}

impl<'a> Needed<'a> {
    /// Returns what a change needs.
    #[must_use]
    pub fn of(change: &'a Change<'_>) -> Needed<'a> {
        let wanted = change.wanted();
        let mut needed = Needed::default();
        needed.kinds.extend(change.removed.iter().map(|(kind, _)| *kind));
        needed.kinds.extend(wanted.iter().map(|wanted| wanted.kind));
        for wanted in &wanted {
            let paths = wanted.terms.iter().map(|term| (wanted.kind, term.path.as_str()));
            needed.fields.extend(paths);
        }
        needed
    }

    /// Whether all that is needed is among these rows, which may contain others.
    #[must_use]
    pub fn is_known(&self, rows: &FieldRows) -> bool {
        self.kinds.iter().all(|kind| rows.kinds.contains_key(*kind))
            && self.fields.iter().all(|(kind, path)| rows.field(kind, path).is_some())
    }
}
