//! The order of a list: RFC 7644 section 3.4.2.3.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Number, Value};

use crate::error::{Error, ErrorKind};
use crate::filter::AttrPath;
use crate::json::{self, Decode, DecodeError};
use crate::limits;
use crate::predicate::Field;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::{Content, DataType};
use crate::{instant, text};

/// `sortBy` bound to a schema, with `sortOrder`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// The attribute that is compared.
    pub field: Field,
    /// Whether the order is descending.
    pub descending: bool,
}

/// The value by which a resource is ordered. A search of several resource types may meet values of
/// several types; those are ordered by type first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum SortKey {
    /// False before true.
    Boolean(bool),
    /// By size: a form of the f64 value whose bits order like it, then the difference of an integer
    /// from that value.
    Number(u64, i64),
    /// By time: seconds and nanoseconds since 1970.
    Instant(i64, u32),
    /// By UTF-8 bytes, folded unless the attribute is caseExact, and truncated to the length of a
    /// term.
    Text(String),
}

impl Decode for SortKey {
    fn initial() -> Self {
        Self::Boolean(false)
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let (name, content) = json::variant(value)?;
        *self = match name.as_str() {
            "Boolean" => json::from_value(content).map(Self::Boolean)?,
            "Number" => json::from_value(content).map(|(float, rest)| Self::Number(float, rest))?,
            "Instant" => {
                json::from_value(content).map(|(seconds, rest)| Self::Instant(seconds, rest))?
            }
            "Text" => json::from_value(content).map(Self::Text)?,
            _ => return Err(DecodeError::new("it is no key of an order")),
        };
        Ok(())
    }
}

impl Sort {
    /// Binds `sortBy`; a complex attribute is sorted by its `value`. `None` if the type has no such
    /// attribute.
    ///
    /// # Errors
    /// If no client may read the attribute, or it is complex without a `value`.
    pub fn bind(
        path: &AttrPath,
        descending: bool,
        resource_type: &ResourceType,
    ) -> Result<Option<Self>, Error> {
        let Some(AttributePlace::Attribute { extension, attribute, sub }) =
            resource_type.place(path)
        else {
            return Ok(None);
        };
        let mut steps: Vec<String> =
            extension.map(|schema| schema.id.clone()).into_iter().collect();
        steps.push(attribute.name.as_str().to_owned());
        let mut leaf = attribute;
        let default = attribute.is_complex().then(|| attribute.sub("value")).flatten();
        if let Some(sub) = sub.or(default) {
            steps.push(sub.name.as_str().to_owned());
            leaf = sub;
        }
        if leaf.is_complex() || leaf.is_hidden() || attribute.is_hidden() {
            return Err(invalid(path, "it has no value to sort by"));
        }
        let field = Field::new(steps, leaf);
        Ok(Some(Self { field, descending }))
    }

    /// Returns the key of a resource in its response form; `None` if it has no value. Of several
    /// values the primary one counts, or else the first.
    #[must_use]
    pub fn key(&self, shown: &Content) -> Option<SortKey> {
        let (first, rest) = self.field.steps.split_first()?;
        let value = rest
            .iter()
            .try_fold(preferred(shown.get(first)?)?, |value, step| preferred(value.get(step)?))?;
        Some(match value {
            Value::Bool(value) => SortKey::Boolean(*value),
            Value::Number(value) => number(value)?,
            Value::String(value) if self.field.data_type == DataType::DateTime => {
                let (seconds, nanoseconds) = instant::parse(value)?.parts();
                SortKey::Instant(seconds, nanoseconds)
            }
            Value::String(value) if self.field.case_exact => cut(value),
            Value::String(value) => cut(&text::fold(value)),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        })
    }
}

/// Compares two keys: resources without a value come last, or first when descending.
#[must_use]
pub fn compare(a: Option<&SortKey>, b: Option<&SortKey>, descending: bool) -> Ordering {
    let order = match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    if descending { order.reverse() } else { order }
}

/// The error for a `sortBy` attribute that cannot be sorted by.
pub fn invalid(path: &AttrPath, problem: &str) -> Error {
    let detail = format!("cannot sort by `{path}`: {problem}");
    Error::new(ErrorKind::InvalidValue, detail)
}

/// Returns a number as a key: bits that order as the f64 does, then the part of an integer that f64
/// cannot represent.
fn number(value: &Number) -> Option<SortKey> {
    // Converts minus zero to zero.
    let float = value.as_f64()? + 0.0;
    let bits = float.to_bits();
    let ordered = if float.is_sign_negative() { !bits } else { bits | 1 << 63 };
    let whole = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let rest = whole.map_or(0, |whole| whole - float as i128);
    Some(SortKey::Number(ordered, i64::try_from(rest).unwrap_or(0)))
}

/// Truncates a text to the length of a term, so that core and the store sort alike.
fn cut(text: &str) -> SortKey {
    SortKey::Text(text::truncated(text, limits::TERM_BYTES).to_owned())
}

/// Returns the primary one of several values, or else the first.
fn preferred(value: &Value) -> Option<&Value> {
    let Value::Array(values) = value else {
        return Some(value);
    };
    let primary = values.iter().find(|value| value.get("primary") == Some(&Value::Bool(true)));
    primary.or_else(|| values.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_one_order() {
        let texts = [
            "-1e300",
            "-9007199254740993",
            "-9007199254740992",
            "-1.5",
            "-1",
            "0",
            "0.5",
            "1",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e300",
        ];
        let keys = texts.map(|text| number(&serde_json::from_str(text).unwrap()).unwrap());
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert_eq!(number(&Number::from_f64(-0.0).unwrap()), number(&Number::from(0)));
    }
}
