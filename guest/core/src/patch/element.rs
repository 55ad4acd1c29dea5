//! Filters in brackets, seen as a description of a value: which ids `value eq "a" or value eq "b"` names, and what
//! `type eq "work"` says of a value that has to be made.

use crate::filter::{CompValue, CompareOp, Filter};
use crate::ordered;
use crate::schema::Content;

/// The ids that a filter names by `value eq`, alone or joined by `or`; `None` if it is of another shape.
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

/// The value that a filter describes by `eq`, alone or joined by `and`; `None` if it is of another shape.
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
