//! Rows whose values are parameters one by one, since JSON has no bytes and does not keep
//! every number.

use crate::{Dialect, Sql, Value};

/// The most parameters of one statement. SQLite as a Durable Object of Cloudflare offers it takes
/// 100; PostgreSQL takes 65,535, but plans faster with fewer.
pub(super) fn most(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 100,
        Dialect::Postgres => 1_000,
    }
}

/// Returns the statements for some rows: `head`, the values of rows in parentheses, and `tail`.
pub(super) fn statements(
    dialect: Dialect,
    rows: Vec<Vec<Value>>,
    head: &str,
    tail: &str,
) -> Vec<Sql> {
    let width = rows.first().map_or(1, Vec::len).max(1);
    let chunk = (most(dialect) / width).max(1);
    let mut statements = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some = rows.by_ref().take(chunk).map(row);
        statements.push(Sql::new(head).append(Sql::join(some, ", ")).text(tail));
    }
    statements
}

fn row(values: Vec<Value>) -> Sql {
    let values = values.into_iter().map(|value| Sql::new("?").bind(value));
    Sql::new("(").append(Sql::join(values, ", ")).text(")")
}
