//! Quirks of filters that deviate from RFC 7644 section 3.4.2.2, in queries and in paths of PATCH
//! operations.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use super::{Sent, text, visit};
use crate::filter::{AttrPath, CompValue, Filter, Path};
use crate::json::member_mut;
use crate::limits;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::Attribute;

/// Rewrites the value that an attribute is compared with; returns whether it changed.
type RewriteOperand = fn(&Attribute, &mut CompValue) -> bool;

/// Rewrites every comparison in a query's filter and in the paths of operations.
pub(super) fn comparisons(
    resource_type: &ResourceType,
    sent: &mut Sent<'_>,
    rewrite: RewriteOperand,
) -> bool {
    if let Sent::Filter(text) = sent {
        let in_type = |path: &AttrPath| leaf(resource_type, path);
        return reprinted(text, |filter| each(filter, &in_type, rewrite));
    }
    paths(sent, |path| {
        let attribute = leaf(resource_type, &path.attribute);
        let (Some(attribute), Some(filter)) = (attribute, &mut path.filter) else {
            return false;
        };
        each(filter, &|path| attribute.sub(path.name.as_str()), rewrite)
    })
}

/// Rewrites the path of each operation.
pub(super) fn paths(sent: &mut Sent<'_>, rewrite: impl Fn(&mut Path) -> bool) -> bool {
    visit::operations(sent, |operation| match member_mut(operation, "path") {
        Some(Value::String(text)) => reprinted(text, &rewrite),
        _ => false,
    })
}

/// Parses a text, rewrites the result and prints it again; a malformed text is left as it is.
/// Returns whether it changed.
pub(super) fn reprinted<T: FromStr + Display>(
    text: &mut String,
    change: impl FnOnce(&mut T) -> bool,
) -> bool {
    let Ok(mut parsed) = text.parse::<T>() else {
        return false;
    };
    let changed = change(&mut parsed);
    if changed {
        *text = parsed.to_string();
    }
    changed
}

fn leaf<'a>(resource_type: &'a ResourceType, path: &AttrPath) -> Option<&'a Attribute> {
    match resource_type.place(path)? {
        AttributePlace::Attribute { attribute, sub, .. } => Some(sub.unwrap_or(attribute)),
        AttributePlace::Extension(_) => None,
    }
}

/// Visits every comparison of a filter, whose depth the parser limits. `find` resolves its paths.
fn each<'a>(
    filter: &mut Filter,
    find: &dyn Fn(&AttrPath) -> Option<&'a Attribute>,
    rewrite: RewriteOperand,
) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter_mut().fold(false, |found, part| each(part, find, rewrite) | found)
        }
        Filter::Not(inner) => each(inner, find, rewrite),
        Filter::Compare(path, _, value) => find(path).is_some_and(|attribute| {
            // A complex attribute is compared by its `value`.
            let compared = attribute.sub("value").unwrap_or(attribute);
            rewrite(compared, value)
        }),
        Filter::Present(_) => false,
        Filter::ValuePath(path, inner) => find(path).is_some_and(|attribute| {
            each(inner, &|path| attribute.sub(path.name.as_str()), rewrite)
        }),
    }
}

/// Entra ID, authentik and Ping leave quotes out: `externalId eq jyoung`, in the paths of
/// operations too. A number or boolean in place of a string is that string.
pub(super) fn unquoted_filter_values(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let spelled = match &mut *sent {
        Sent::Filter(text) => respelled::<Filter>(text, text::quoted),
        _ => visit::operations(sent, |operation| match member_mut(operation, "path") {
            Some(Value::String(text)) => respelled::<Path>(text, text::quoted),
            _ => false,
        }),
    };
    let rewritten = comparisons(resource_type, sent, |attribute, value| {
        let literal = matches!(value, CompValue::Number(_) | CompValue::Boolean(_));
        let is_text = literal && attribute.data_type.is_text();
        if is_text {
            *value = CompValue::Text(value.to_string());
        }
        is_text
    });
    spelled | rewritten
}

/// Entra ID searches for `emails[type eq "work"].value eq "…"`; in filters, RFC 7644 section
/// 3.4.2.2 allows no sub-attribute after brackets.
pub(super) fn comparison_behind_brackets(_: &ResourceType, sent: &mut Sent<'_>) -> bool {
    match sent {
        Sent::Filter(text) => respelled::<Filter>(text, text::moved_inside),
        Sent::Resource(_) | Sent::Patch(_) | Sent::Search(_) => false,
    }
}

/// Respells a filter or path that is malformed, unless it is too long; returns whether it changed.
fn respelled<T: FromStr>(text: &mut String, spell: fn(&str) -> String) -> bool {
    if text.len() > limits::FILTER_BYTES || text.parse::<T>().is_ok() {
        return false;
    }
    let spelled = spell(text);
    let other = spelled != *text;
    *text = spelled;
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_left_to_the_parser() {
        let spell = |times: usize| {
            let mut text = "a eq b or ".repeat(times) + "a eq b";
            respelled::<Filter>(&mut text, text::quoted)
        };
        assert!(spell(10));
        assert!(!spell(limits::FILTER_BYTES / 10));
    }
}
