//! The differences between the databases' SQL.

mod postgres;
mod sqlite;

pub use self::postgres::{PostgresDialect, decode, encode};
pub use self::sqlite::SqliteDialect;

use scimlet_store::Operator;

use crate::Sql;

/// A database's SQL, where it differs from the others'.
pub trait Dialect {
    /// The condition where texts begin among a term's values, which sort as numbers, texts,
    /// booleans.
    const FROM_TEXT: &'static str;

    /// The condition where numbers end and texts begin.
    const BEFORE_TEXT: &'static str;

    /// The condition where booleans begin.
    const FROM_BOOLEAN: &'static str;

    /// The condition where texts end and booleans begin.
    const BEFORE_BOOLEAN: &'static str;

    /// Whether an index may serve [`Dialect::within`].
    const SEARCHES: bool;

    /// The suffix of a query that probes an index for one row. PostgreSQL would otherwise turn
    /// probes into a join, and choose its method by statistics that do not reflect one tenant's
    /// fields.
    const PROBE: &'static str;

    /// Returns the condition that the text in `t.value` contains this text, or ends with it.
    fn within(operator: Operator, text: &str) -> Sql;

    /// Returns the condition that `x.seq` is in the result of `candidates`, which runs first.
    fn among(candidates: Sql) -> Sql;
}
