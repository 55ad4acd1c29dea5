//! A piece of SQL together with the values of its `?`, so that the two cannot get out of step.

use super::value::Stored;

/// What stands for a `?`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum Value {
    /// A number of a row, or of rows.
    Integer(i64),
    /// A name or a pattern.
    Text(String),
    /// A part of a text, as it is in memory.
    Bytes(Vec<u8>),
    /// The value of a term.
    Term(Stored),
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(bytes)
    }
}

impl From<Stored> for Value {
    fn from(stored: Stored) -> Value {
        Value::Term(stored)
    }
}

/// Text and values. Only constants of this program become text; whatever a caller sent is a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// A constant piece.
    pub(in crate::store) fn new(text: &str) -> Sql {
        Sql::default().text(text)
    }

    /// Adds a constant piece.
    pub(in crate::store) fn text(mut self, text: &str) -> Sql {
        self.text.push_str(text);
        self
    }

    /// Adds the value of the next `?` in the text.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value>) -> Sql {
        self.values.push(value.into());
        self
    }

    /// Adds another piece.
    pub(in crate::store) fn append(mut self, other: Sql) -> Sql {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// The pieces with `separator` between them.
    pub(in crate::store) fn join(parts: impl IntoIterator<Item = Sql>, separator: &str) -> Sql {
        let mut joined = Sql::default();
        for (index, part) in parts.into_iter().enumerate() {
            joined = if index == 0 {
                part
            } else {
                joined.text(separator).append(part)
            };
        }
        joined
    }

    /// The text alone, with a `?` for each value.
    pub(in crate::store) fn as_str(&self) -> &str {
        &self.text
    }

    /// The values alone.
    pub(in crate::store) fn values(&self) -> &[Value] {
        &self.values
    }
}
