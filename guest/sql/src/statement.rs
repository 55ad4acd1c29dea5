//! A piece of SQL together with the values of its `?`, so that the two stay in step.

use super::value::Stored;

/// The value of a `?`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A row id or a number of rows.
    Integer(i64),
    /// A name or a pattern.
    Text(String),
    /// A name that may be missing.
    OptionalText(Option<String>),
    /// The bytes of a part of a text.
    Bytes(Vec<u8>),
    /// A truth value.
    Boolean(bool),
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

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Value {
        Value::OptionalText(text)
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

/// SQL text and its values. Only constants of this program become text; everything that a caller
/// sent is a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Returns a constant piece.
    pub fn new(text: &str) -> Sql {
        Sql::default().text(text)
    }

    /// Appends a constant piece. Not compiled into its many callers.
    #[inline(never)]
    pub fn text(mut self, text: &str) -> Sql {
        self.text.push_str(text);
        self
    }

    /// Appends the value of the next `?` in the text.
    pub fn bind(self, value: impl Into<Value>) -> Sql {
        self.value(value.into())
    }

    #[inline(never)]
    fn value(mut self, value: Value) -> Sql {
        self.values.push(value);
        self
    }

    /// Appends another piece with its values.
    pub fn append(mut self, other: Sql) -> Sql {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// Joins pieces with `separator` between them.
    pub fn join(parts: impl IntoIterator<Item = Sql>, separator: &str) -> Sql {
        let mut joined = Sql::default();
        for (index, part) in parts.into_iter().enumerate() {
            joined = if index == 0 { part } else { joined.text(separator).append(part) };
        }
        joined
    }

    /// The text, with a `?` for each value.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the values, in the order of their `?`.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The values, in the order of their `?`.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
