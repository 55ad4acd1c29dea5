//! Filters in brackets that describe a value: the ids in `value eq "a" or value eq "b"`, or the
//! sub-attributes that `type eq "work"` gives to a new value.

use crate::filter::{CompValue, CompareOp, Filter};
use crate::ordered;
use crate::schema::Content;

/// Returns the ids of a filter that is a `value eq`, or several joined by `or`; `None` for other
/// filters.
pub(super) fn ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare(path, CompareOp::Equal, CompValue::Text(id))
            if path.name == *"value" && path.sub.is_none() =>
        {
            Some(vec![id.clone()])
        }
        Filter::Or(parts) => {
            let ids: Option<Vec<Vec<String>>> = parts.iter().map(ids).collect();
            ids.map(|ids| ids.concat())
        }
        _ => None,
    }
}

/// Returns the value that a filter describes by `eq`, or several joined by `and`; `None` for other
/// filters.
pub(super) fn described(filter: &Filter) -> Option<Content> {
    match filter {
        Filter::Compare(path, CompareOp::Equal, value) => {
            let value = match value {
                CompValue::Text(text) => text.as_str().into(),
                CompValue::Boolean(value) => (*value).into(),
                CompValue::Number(value) => value.clone().into(),
                CompValue::Null => return None,
            };
            Some(ordered::object([(path.name.as_str().to_owned(), value)]))
        }
        Filter::And(parts) => {
            let parts: Option<Vec<Content>> = parts.iter().map(described).collect();
            Some(ordered::object(parts?.into_iter().flatten()))
        }
        _ => None,
    }
}
