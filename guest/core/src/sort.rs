//! The order of a list: RFC 7644 section 3.4.2.3.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::error::{Error, ErrorKind};
use crate::filter::AttrPath;
use crate::predicate::{Field, compare_numbers};
use crate::resource_type::{Place, ResourceType};
use crate::schema::{Content, DataType};
use crate::{instant, text};

/// `sortBy` bound to a schema, and `sortOrder`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// What is compared.
    pub field: Field,
    /// Whether the order is reversed.
    pub descending: bool,
}

/// A resource's place in the order.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// False before true.
    Boolean(bool),
    /// By size.
    Number(Number),
    /// By UTF-8 bytes, folded where case does not count.
    Text(String),
    /// By time.
    Instant(Timestamp),
}

impl Sort {
    /// Binds `sortBy`; a complex attribute is sorted by its `value`.
    pub fn bind(path: &AttrPath, descending: bool, of: &ResourceType) -> Result<Self, Error> {
        let invalid = |problem: &str| {
            Error::new(
                ErrorKind::InvalidValue,
                format!("cannot sort by `{path}`: {problem}"),
            )
        };
        let Some(Place::Attribute {
            extension,
            attribute,
            sub,
        }) = of.place(path)
        else {
            return Err(invalid("it is no attribute"));
        };
        let mut steps: Vec<String> = extension
            .map(|schema| schema.id.clone())
            .into_iter()
            .collect();
        steps.push(attribute.name.as_str().to_owned());
        let mut leaf = attribute;
        let default = attribute
            .is_complex()
            .then(|| attribute.sub("value"))
            .flatten();
        if let Some(sub) = sub.or(default) {
            steps.push(sub.name.as_str().to_owned());
            leaf = sub;
        }
        if leaf.is_complex() || leaf.is_hidden() || attribute.is_hidden() {
            return Err(invalid("it has no value to sort by"));
        }
        let field = Field::new(steps, leaf);
        Ok(Self { field, descending })
    }

    /// The key of a shown resource; `None` if it has no value. Of several values the primary one counts, else the first.
    #[must_use]
    pub fn key(&self, shown: &Content) -> Option<SortKey> {
        let (first, rest) = self.field.steps.split_first()?;
        let value = rest
            .iter()
            .try_fold(preferred(shown.get(first)?)?, |value, step| {
                preferred(value.get(step)?)
            })?;
        Some(match value {
            Value::Bool(value) => SortKey::Boolean(*value),
            Value::Number(value) => SortKey::Number(value.clone()),
            Value::String(value) if self.field.data_type == DataType::DateTime => {
                SortKey::Instant(instant::parse(value)?)
            }
            Value::String(value) if self.field.case_exact => SortKey::Text(value.clone()),
            Value::String(value) => SortKey::Text(text::fold(value)),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// How two keys are ordered: resources without a value come last, and first when descending.
    #[must_use]
    pub fn compare(&self, a: Option<&SortKey>, b: Option<&SortKey>) -> Ordering {
        let order = match (a, b) {
            (Some(a), Some(b)) => a.compare(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

impl SortKey {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => compare_numbers(a, b).unwrap_or(Ordering::Equal),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// Of several values the primary one, else the first.
fn preferred(value: &Value) -> Option<&Value> {
    let Value::Array(values) = value else {
        return Some(value);
    };
    let primary = values
        .iter()
        .find(|value| value.get("primary") == Some(&Value::Bool(true)));
    primary.or_else(|| values.first())
}
