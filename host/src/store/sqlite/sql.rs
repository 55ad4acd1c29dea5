//! A piece of SQL together with the values of its `?`, so that the two cannot get out of step.

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

/// Text and values. Only constants of this program become text; whatever a caller sent is a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// A constant piece.
    pub(super) fn new(text: &str) -> Sql {
        Sql::default().text(text)
    }

    /// Adds a constant piece.
    pub(super) fn text(mut self, text: &str) -> Sql {
        self.text.push_str(text);
        self
    }

    /// Adds the value of the next `?` in the text.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Sql {
        self.values.push(value.into());
        self
    }

    /// Adds another piece.
    pub(super) fn append(mut self, other: Sql) -> Sql {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// The pieces with `separator` between them.
    pub(super) fn join(parts: impl IntoIterator<Item = Sql>, separator: &str) -> Sql {
        let mut joined = Sql::default();
        for (index, part) in parts.into_iter().enumerate() {
            joined = if index == 0 {
                part
            } else {
                joined.text(separator).append(part)
            };
        }
        joined
    }

    /// The first row's result.
    pub(super) fn one<T>(
        &self,
        db: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare(db)?
            .query_row(params_from_iter(&self.values), read)
    }

    /// All rows' results.
    pub(super) fn all<T>(
        &self,
        db: &Connection,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.prepare(db)?
            .query_map(params_from_iter(&self.values), read)?
            .collect()
    }

    fn prepare<'db>(&self, db: &'db Connection) -> rusqlite::Result<CachedStatement<'db>> {
        db.prepare_cached(&self.text)
    }

    /// The text alone.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// How SQLite would run it, one step a line.
    #[cfg(test)]
    pub(super) fn explain(&self, db: &Connection) -> rusqlite::Result<String> {
        let explained = Sql {
            text: format!("EXPLAIN QUERY PLAN {}", self.text),
            values: self.values.clone(),
        };
        Ok(explained.all(db, |row| row.get::<_, String>(3))?.join("\n"))
    }
}
