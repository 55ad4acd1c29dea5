//! How SQLite runs the shared SQL.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};
use scimlet_sql::{Sql, Value};

use super::value;

/// SQL that is run and kept prepared.
pub(super) trait Statement {
    /// Runs the statement and reads the first row.
    fn one<T>(
        &self,
        db: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T>;

    /// Runs the statement and reads all rows.
    fn all<T>(
        &self,
        db: &Connection,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>>;

    /// Returns SQLite's query plan, one step per line.
    #[cfg(test)]
    fn explain(&self, db: &Connection) -> rusqlite::Result<String>;
}

impl Statement for Sql {
    fn one<T>(
        &self,
        db: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        prepare(self, db)?.query_row(params_from_iter(self.values().iter().map(parameter)), read)
    }

    fn all<T>(
        &self,
        db: &Connection,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let parameters = params_from_iter(self.values().iter().map(parameter));
        prepare(self, db)?.query_map(parameters, read)?.collect()
    }

    #[cfg(test)]
    fn explain(&self, db: &Connection) -> rusqlite::Result<String> {
        let explained = Sql::new("EXPLAIN QUERY PLAN ").append(self.clone());
        Ok(explained.all(db, |row| row.get::<_, String>(3))?.join("\n"))
    }
}

fn prepare<'db>(sql: &Sql, db: &'db Connection) -> rusqlite::Result<CachedStatement<'db>> {
    db.prepare_cached(sql.as_str())
}

fn parameter(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Integer(number) => ToSqlOutput::from(*number),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::OptionalText(None) => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::OptionalText(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::Boolean(flag) => ToSqlOutput::from(*flag),
        Value::Term(stored) => value::parameter(stored),
    }
}
