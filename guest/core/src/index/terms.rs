//! Derives index terms from a resource's content (wit/store.wit).

use serde_json::Value;

use crate::filter::AttrPath;
use crate::limits::TERM_BYTES;
use crate::ordered::OrderedSet;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::{Attribute, Content, DataType};
use crate::store::{Scalar, Term};
use crate::{instant, text};

/// A term of this length may be the prefix of a longer value.
pub(super) const WHOLE: usize = TERM_BYTES - 4;

/// Suffix of a path: the term that marks a value as too long to be indexed completely.
pub(super) const LONG: &str = "#long";

/// A unique value is too long to be indexed, so its uniqueness cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The path of the attribute.
    pub path: String,
}

/// Returns the index terms of a resource's content.
///
/// # Errors
/// If a unique value is too long.
pub fn terms(resource_type: &ResourceType, content: &Content) -> Result<Vec<Term>, TooLong> {
    let mut found: Vec<Term> = Vec::new();
    for path in resource_type.index() {
        let Some((leaf, values)) = values_at(resource_type, content, path) else {
            continue;
        };
        let path = path.to_string();
        let unique = leaf.is_unique();
        let several = values.len() > 1;
        let mut seen = OrderedSet::new();
        let mut long = false;
        for value in values {
            let Some((value, whole)) = scalar(value, leaf) else {
                continue;
            };
            if !whole && unique {
                return Err(TooLong { path });
            }
            long |= !whole;
            if several && !seen.insert(distinct(&value)) {
                continue;
            }
            found.push(Term { path: path.clone(), value, unique });
        }
        if long {
            found.push(Term {
                path: format!("{path}{LONG}"),
                value: Scalar::Boolean(true),
                unique: false,
            });
        }
    }
    Ok(found)
}

/// Returns the texts of a content that have to be unique, each with its path.
#[must_use]
pub fn unique_texts<'c>(
    resource_type: &'c ResourceType,
    content: &'c Content,
) -> Vec<(&'c AttrPath, &'c str)> {
    let mut found = Vec::new();
    for path in resource_type.index() {
        if let Some((leaf, values)) = values_at(resource_type, content, path)
            && leaf.is_unique()
        {
            let texts = values.into_iter().filter_map(Value::as_str);
            found.extend(texts.map(|text| (path, text)));
        }
    }
    found
}

/// Returns a text that is equal for equal values of a path, all of which have one type.
fn distinct(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_bits().to_string(),
        Scalar::Boolean(value) => value.to_string(),
    }
}

/// Returns the values at a path of a content, and their attribute's definition.
fn values_at<'a>(
    resource_type: &'a ResourceType,
    content: &'a Content,
    path: &AttrPath,
) -> Option<(&'a Attribute, Vec<&'a Value>)> {
    let AttributePlace::Attribute { extension, attribute, sub } = resource_type.place(path)? else {
        return None;
    };
    let object = match extension {
        Some(schema) => content.get(&schema.id)?.as_object()?,
        None => content,
    };
    let values = flat(object.get(attribute.name.as_str())?).iter();
    Some(match sub {
        Some(sub) => (sub, values.filter_map(|value| value.get(sub.name.as_str())).collect()),
        None => (attribute, values.collect()),
    })
}

/// Returns a value as a term, and whether the term contains all of it.
fn scalar(value: &Value, attribute: &Attribute) -> Option<(Scalar, bool)> {
    match (attribute.data_type, value) {
        (DataType::DateTime, Value::String(value)) => {
            Some((Scalar::Text(instant::sortable(instant::parse(value)?)), true))
        }
        (DataType::Binary, Value::String(value)) => Some(cut(value.clone())),
        (_, Value::String(value)) if attribute.case_exact => Some(cut(value.clone())),
        (_, Value::String(value)) => Some(cut(text::fold(value))),
        (_, Value::Bool(value)) => Some((Scalar::Boolean(*value), true)),
        (_, Value::Number(value)) => Some((Scalar::Number(value.as_f64()?), true)),
        _ => None,
    }
}

fn cut(value: String) -> (Scalar, bool) {
    if value.len() <= WHOLE {
        return (Scalar::Text(value), true);
    }
    (Scalar::Text(text::truncated(&value, TERM_BYTES).to_owned()), false)
}

fn flat(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
