//! How a term's value is kept: text as TEXT, a number as REAL, a boolean as a BLOB of one byte. SQLite orders texts and
//! blobs bytewise, and any number before any text before any blob, so a value is never taken for one of another type.

use std::cmp::Ordering;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

use crate::store::Scalar;

/// A value as SQLite keeps it.
#[derive(Clone, Debug)]
pub(super) struct Stored(pub(super) Scalar);

impl From<Scalar> for Stored {
    fn from(scalar: Scalar) -> Stored {
        // Minus zero equals zero, and must not be a second term beside it.
        Stored(match scalar {
            Scalar::Number(0.0) => Scalar::Number(0.0),
            other => other,
        })
    }
}

impl From<Stored> for Value {
    fn from(Stored(scalar): Stored) -> Value {
        match scalar {
            Scalar::Text(text) => Value::Text(text),
            Scalar::Number(number) => Value::Real(number),
            Scalar::Boolean(flag) => Value::Blob(vec![u8::from(flag)]),
        }
    }
}

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

impl Ord for Stored {
    fn cmp(&self, other: &Stored) -> Ordering {
        match (&self.0, &other.0) {
            (Scalar::Number(a), Scalar::Number(b)) => a.total_cmp(b),
            (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
            (Scalar::Boolean(a), Scalar::Boolean(b)) => a.cmp(b),
            (a, b) => class(a).cmp(&class(b)),
        }
    }
}

fn class(scalar: &Scalar) -> u8 {
    match scalar {
        Scalar::Number(_) => 0,
        Scalar::Text(_) => 1,
        Scalar::Boolean(_) => 2,
    }
}

impl PartialOrd for Stored {
    fn partial_cmp(&self, other: &Stored) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Stored) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Stored {}
