//! SQLite's parts of the shared SQL, and how SQLite runs it.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

use crate::store::Operator;
use crate::store::sql::{Dialect, Sql, Value};

/// SQLite's dialect: a term's value is a REAL, TEXT or BLOB, which sort in this order.
pub(super) struct Lite;

impl Dialect for Lite {
    const FROM_TEXT: &'static str = ">= ''";
    const BEFORE_TEXT: &'static str = "< ''";
    const FROM_BOOLEAN: &'static str = ">= x''";
    const BEFORE_BOOLEAN: &'static str = "< x''";
    const SEARCHES: bool = false;
    const PROBE: &'static str = "";

    /// Both operators compare bytes: SQLite's `length` of a text would stop at U+0000.
    fn within(operator: Operator, text: &str) -> Sql {
        let bytes = text.as_bytes().to_vec();
        match operator {
            Operator::EndsWith => Sql::new("substr(CAST(t.value AS BLOB), ?) = ?")
                .bind(-(bytes.len() as i64))
                .bind(bytes),
            _ => Sql::new("instr(CAST(t.value AS BLOB), ?) > 0").bind(bytes),
        }
    }

    fn among(candidates: Sql) -> Sql {
        Sql::new("x.seq IN (").append(candidates).text(")")
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Integer(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Term(stored) => return stored.to_sql(),
        })
    }
}

impl Sql {
    /// Runs the statement and reads the first row.
    pub(super) fn one<T>(
        &self,
        db: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare(db)?.query_row(params_from_iter(self.values()), read)
    }

    /// Runs the statement and reads all rows.
    pub(super) fn all<T>(
        &self,
        db: &Connection,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.prepare(db)?.query_map(params_from_iter(self.values()), read)?.collect()
    }

    fn prepare<'db>(&self, db: &'db Connection) -> rusqlite::Result<CachedStatement<'db>> {
        db.prepare_cached(self.as_str())
    }

    /// Returns SQLite's query plan, one step per line.
    #[cfg(test)]
    pub(super) fn explain(&self, db: &Connection) -> rusqlite::Result<String> {
        let explained = Sql::new("EXPLAIN QUERY PLAN ").append(self.clone());
        Ok(explained.all(db, |row| row.get::<_, String>(3))?.join("\n"))
    }
}
