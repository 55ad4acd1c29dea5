//! How a term's value is stored: text as TEXT, a number as REAL, a boolean as a BLOB of one byte.
//! SQLite orders texts and blobs bytewise, and any number before any text before any blob, so
//! values of different types never compare as equal.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use scimlet_sql::Stored;

use crate::store::Scalar;

/// Returns the value as a parameter of a statement.
pub(super) fn parameter(Stored(scalar): &Stored) -> ToSqlOutput<'_> {
    match scalar {
        Scalar::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Scalar::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
        Scalar::Boolean(flag) => ToSqlOutput::Owned(Value::Blob(vec![u8::from(*flag)])),
    }
}

/// A value that is read from a column.
pub(super) struct Column(pub(super) Stored);

impl FromSql for Column {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Column> {
        Ok(Column(Stored(match value {
            ValueRef::Real(number) => Scalar::Number(number),
            ValueRef::Text(_) => Scalar::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(bytes) => Scalar::Boolean(bytes == [1]),
            _ => return Err(FromSqlError::InvalidType),
        })))
    }
}
