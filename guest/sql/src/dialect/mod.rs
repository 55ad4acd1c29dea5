//! The differences between the databases' SQL.

mod postgres;
mod sqlite;

pub use self::postgres::{decode, encode};

use scimlet_store::Operator;

use crate::Sql;

/// A database's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Dialect {
    /// SQLite: a term's value is a REAL, TEXT or BLOB, which sort in this order.
    Sqlite,
    /// PostgreSQL: a term's value is a text that begins with a letter for its type.
    Postgres,
}

impl Dialect {
    /// The condition where texts begin among a term's values, which sort as numbers, texts,
    /// booleans.
    #[must_use]
    pub fn from_text(self) -> &'static str {
        match self {
            Dialect::Sqlite => ">= ''",
            Dialect::Postgres => ">= 't'",
        }
    }

    /// The condition where numbers end and texts begin.
    #[must_use]
    pub fn before_text(self) -> &'static str {
        match self {
            Dialect::Sqlite => "< ''",
            Dialect::Postgres => "< 't'",
        }
    }

    /// The condition where booleans begin.
    #[must_use]
    pub fn from_boolean(self) -> &'static str {
        match self {
            Dialect::Sqlite => ">= x''",
            Dialect::Postgres => ">= 'u'",
        }
    }

    /// The condition where texts end and booleans begin.
    #[must_use]
    pub fn before_boolean(self) -> &'static str {
        match self {
            Dialect::Sqlite => "< x''",
            Dialect::Postgres => "< 'u'",
        }
    }

    /// Whether an index may serve [`Dialect::within`].
    #[must_use]
    pub fn searches(self) -> bool {
        self == Dialect::Postgres
    }

    /// The suffix of a query that probes an index for one row. PostgreSQL would otherwise turn
    /// probes into a join, and choose its method by statistics that do not reflect one tenant's
    /// fields.
    #[must_use]
    pub fn probe(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " OFFSET 0",
        }
    }

    /// Returns the condition that the text in `t.value` contains this text, or ends with it.
    #[must_use]
    pub fn within(self, operator: Operator, text: &str) -> Sql {
        match self {
            Dialect::Sqlite => sqlite::within(operator, text),
            Dialect::Postgres => postgres::within(operator, text),
        }
    }

    /// Returns the condition that `x.seq` is in the result of `candidates`, which runs first. In
    /// PostgreSQL an array is collected before anything else, however many rows it expects.
    #[must_use]
    pub fn among(self, candidates: Sql) -> Sql {
        match self {
            Dialect::Sqlite => Sql::new("x.seq IN (").append(candidates).text(")"),
            Dialect::Postgres => Sql::new("x.seq = ANY(ARRAY(").append(candidates).text("))"),
        }
    }
}
