//! Filters that are bound to a schema and then evaluated: RFC 7644 section 3.4.2.2. Binding
//! resolves names, types and case rules once; evaluation cannot fail.

mod bind;
mod constant;

use std::cmp::Ordering;

use serde_json::Value;

pub use bind::{bind, bind_element, bind_leniently};

use crate::filter::CompareOp;
use crate::instant::{self, Instant};
use crate::schema::{Attribute, Content, DataType};
use crate::text;

/// Where values are found in a resource's response form, and how they are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The member names that lead to the value from the resource, or from the value that a filter
    /// in brackets is applied to.
    pub steps: Vec<String>,
    /// The type of the compared values; for a complex attribute that of its sub-attribute `value`.
    pub data_type: DataType,
    /// Whether comparisons are case-sensitive.
    pub case_exact: bool,
}

/// The right-hand side of a comparison, converted to the field's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text, folded unless the field is case-sensitive.
    Text(String),
    /// An instant.
    Instant(Instant),
}

/// A bound filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// All parts hold; true if there are none.
    All(Vec<Predicate>),
    /// At least one part holds; false if there are none.
    Any(Vec<Predicate>),
    /// The part does not hold.
    Not(Box<Predicate>),
    /// The comparison holds for a value of the field. `NotEqual` is bound as not equal to any
    /// value.
    Compare(Field, CompareOp, Operand),
    /// The field has a value.
    Present(Field),
    /// One value of the field satisfies the inner predicate, whose fields begin at that value.
    Element(Field, Box<Predicate>),
}

impl Predicate {
    /// Returns whether the predicate holds for a resource in its response form.
    #[must_use]
    pub fn holds(&self, resource: &Content) -> bool {
        self.holds_at(&Root::Object(resource))
    }

    /// Returns whether the predicate holds for one value of the attribute that it was bound to.
    #[must_use]
    pub fn holds_for(&self, element: &Value) -> bool {
        self.holds_at(&Root::Value(element))
    }

    fn holds_at(&self, root: &Root<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds_at(root)),
            Self::Any(parts) => parts.iter().any(|part| part.holds_at(root)),
            Self::Not(inner) => !inner.holds_at(root),
            Self::Present(field) => field.values(root).iter().any(|value| is_present(value)),
            Self::Element(field, inner) => {
                field.values(root).iter().any(|value| inner.holds_at(&Root::Value(value)))
            }
            Self::Compare(field, operator, operand) => {
                field.values(root).iter().any(|value| field.compares(value, *operator, operand))
            }
        }
    }

    /// Returns the only id for which the predicate can hold; `None` if it does not require one.
    #[must_use]
    pub fn named_id(&self) -> Option<&str> {
        match self {
            Self::Compare(field, CompareOp::Equal, Operand::Text(id)) if field.steps == ["id"] => {
                Some(id)
            }
            Self::All(parts) => parts.iter().find_map(Self::named_id),
            _ => None,
        }
    }

    /// Collects attribute and text of all parts that compare an attribute's `value` with a text for
    /// equality.
    pub fn named_values(&self, into: &mut Vec<(String, String)>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.named_values(into)),
            Self::Not(inner) => inner.named_values(into),
            Self::Compare(field, CompareOp::Equal, Operand::Text(id)) => {
                if let [attribute, value] = field.steps.as_slice()
                    && value == "value"
                {
                    into.push((attribute.clone(), id.clone()));
                }
            }
            Self::Compare(..) | Self::Present(_) | Self::Element(..) => {}
        }
    }

    /// Collects the first member name of every path that the predicate reads.
    pub fn reads(&self, into: &mut Vec<String>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.reads(into)),
            Self::Not(inner) => inner.reads(into),
            Self::Compare(field, ..) | Self::Present(field) | Self::Element(field, _) => {
                into.extend(field.steps.first().cloned());
            }
        }
    }
}

enum Root<'v> {
    Object(&'v Content),
    Value(&'v Value),
}

impl Field {
    /// The field of an attribute that these member names lead to.
    #[must_use]
    pub fn new(steps: Vec<String>, attribute: &Attribute) -> Self {
        let case_exact = attribute.case_exact || attribute.data_type == DataType::Binary;
        Self { steps, data_type: attribute.data_type, case_exact }
    }

    /// Returns all values that the member names lead to; arrays are flattened.
    fn values<'v>(&self, root: &Root<'v>) -> Vec<&'v Value> {
        let mut steps = self.steps.iter();
        let start: Vec<&Value> = match root {
            Root::Value(value) => vec![*value],
            Root::Object(object) => {
                steps.next().and_then(|step| object.get(step)).into_iter().collect()
            }
        };
        let ends = steps.fold(start, |values, step| {
            values.into_iter().flat_map(flat).filter_map(|value| value.get(step)).collect()
        });
        ends.into_iter().flat_map(flat).collect()
    }

    fn compares(&self, value: &Value, operator: CompareOp, operand: &Operand) -> bool {
        match (value, operand) {
            (Value::Bool(value), Operand::Boolean(operand)) => value == operand,
            (Value::Number(value), Operand::Number(operand)) => {
                compare_numbers(value, operand).is_some_and(|order| ordered(operator, order))
            }
            (Value::String(value), Operand::Instant(operand)) => {
                instant::parse(value).is_some_and(|value| ordered(operator, value.cmp(operand)))
            }
            (Value::String(value), Operand::Text(operand)) => {
                compares_text(&normalised(value, self.case_exact), operator, operand)
            }
            _ => false,
        }
    }
}

fn flat(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Implements `pr` (RFC 7644 table 3): the value is not empty, and a complex one contains a value.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => members.values().any(is_present),
        Value::Array(values) => values.iter().any(is_present),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn normalised(value: &str, case_exact: bool) -> String {
    if case_exact { value.to_owned() } else { text::fold(value) }
}

fn compares_text(value: &str, operator: CompareOp, operand: &str) -> bool {
    match operator {
        CompareOp::Contains => value.contains(operand),
        CompareOp::StartsWith => value.starts_with(operand),
        CompareOp::EndsWith => value.ends_with(operand),
        _ => ordered(operator, value.cmp(operand)),
    }
}

/// Compares two numbers: integers exactly, others with the precision of f64.
#[must_use]
pub fn compare_numbers(a: &serde_json::Number, b: &serde_json::Number) -> Option<Ordering> {
    let integer =
        |n: &serde_json::Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn ordered(operator: CompareOp, order: Ordering) -> bool {
    match operator {
        CompareOp::Equal => order.is_eq(),
        CompareOp::NotEqual => order.is_ne(),
        CompareOp::Greater => order.is_gt(),
        CompareOp::Less => order.is_lt(),
        CompareOp::GreaterOrEqual => order.is_ge(),
        CompareOp::LessOrEqual => order.is_le(),
        CompareOp::Contains | CompareOp::StartsWith | CompareOp::EndsWith => false,
    }
}
