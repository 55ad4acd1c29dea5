//! How PostgreSQL runs the shared SQL.

use bytes::BytesMut;
use scimlet_sql::dialect::encode;
use scimlet_sql::{Sql, Value};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The value of a placeholder.
#[derive(Debug)]
pub(super) struct Parameter<'a>(&'a Value);

/// Returns the values of the statement, in their order.
pub(super) fn parameters(sql: &Sql) -> Vec<Parameter<'_>> {
    sql.values().iter().map(Parameter).collect()
}

impl Parameter<'_> {
    /// Returns the parameter with the type that is declared to PostgreSQL.
    pub(super) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        let declared = match self.0 {
            Value::Integer(_) => Type::INT8,
            Value::Text(_) | Value::OptionalText(_) | Value::Term(_) => Type::TEXT,
            Value::Bytes(_) => Type::BYTEA,
            Value::Boolean(_) => Type::BOOL,
        };
        (self, declared)
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::OptionalText(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
            Value::Boolean(flag) => flag.to_sql(kind, out),
            Value::Term(stored) => encode(stored).to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA, Type::BOOL].contains(kind)
    }

    to_sql_checked!();
}
