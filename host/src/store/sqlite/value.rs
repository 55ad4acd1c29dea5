//! How a term's value is stored: text as TEXT, a number as REAL, a boolean as a BLOB of one byte.
//! SQLite orders texts and blobs bytewise, and any number before any text before any blob, so
//! values of different types never compare as equal.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

use crate::store::Scalar;
use crate::store::sql::Stored;

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Scalar::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Scalar::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Scalar::Boolean(flag) => ToSqlOutput::Owned(Value::Blob(vec![u8::from(*flag)])),
        })
    }
}

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Stored> {
        Ok(Stored(match value {
            ValueRef::Real(number) => Scalar::Number(number),
            ValueRef::Text(_) => Scalar::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(bytes) => Scalar::Boolean(bytes == [1]),
            _ => return Err(FromSqlError::InvalidType),
        }))
    }
}
