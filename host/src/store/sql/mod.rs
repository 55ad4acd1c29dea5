//! The SQL that the stores share: a query's filter, order and window become SQL here. All databases
//! have the tables `entry`, `term`, `linkset` and `link`, which each database's `schema.sql`
//! creates.
//!
//! Nothing here accesses a database. What must be looked up first (row ids of names, numbers of
//! matches) is passed in as [`Names`] and counts, so that both synchronous and asynchronous stores
//! can use it.

mod names;
mod order;
mod plan;
mod position;
mod predicate;
mod search;
mod statement;
mod value;

pub(super) use self::names::{Field, Names};
pub(super) use self::plan::{COUNTED, FEW, Plan, counted, leaves};
pub(super) use self::position::{Position, decode_link, encode_link, no_position};
pub(super) use self::predicate::Test;
pub(super) use self::search::{Kind, Search, window};
pub(super) use self::statement::{Sql, Value};
pub(super) use self::value::Stored;

use crate::store::Operator;

/// The differences between the databases' SQL.
pub(super) trait Dialect {
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
