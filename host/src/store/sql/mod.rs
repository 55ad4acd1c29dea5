//! What the SQL databases share: a query's filter, order and window become SQL here, for all of them. The tables that this
//! speaks of are the same everywhere: `entry`, `term`, `linkset` and `link`, as each database's `schema.sql` makes them.
//!
//! Nothing here asks a database. What has to be looked up first (the numbers of names, how many rows match) comes in as
//! [`Names`] and counts, so that it serves stores that wait for an answer and stores that do not.

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

/// Where the databases' SQL differs.
pub(super) trait Dialect {
    /// Where texts begin among the values of a term, which come in the order numbers, texts, booleans; with the operator.
    const FROM_TEXT: &'static str;

    /// Where texts end, and numbers with them if [`Dialect::FROM_TEXT`] is not meant.
    const BEFORE_TEXT: &'static str;

    /// Where booleans begin.
    const FROM_BOOLEAN: &'static str;

    /// Where texts end.
    const BEFORE_BOOLEAN: &'static str;

    /// Whether an index may help with [`Dialect::within`].
    const SEARCHES: bool;

    /// What ends a query that probes an index for one row: PostgreSQL would else turn probes into a join, and choose how by
    /// statistics that know nothing of one tenant's fields.
    const PROBE: &'static str;

    /// The condition that a text in `t.value` contains this one, or ends with it.
    fn within(operator: Operator, text: &str) -> Sql;

    /// The condition that `x.seq` is among the rows of a query, which is to be run first.
    fn among(candidates: Sql) -> Sql;
}
