//! Filters of another shape than RFC 7644 section 3.4.2.2 has: those of queries, and those in the paths of PATCH operations.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use super::{Sent, visit};
use crate::filter::{AttrPath, CompValue, CompareOp, Filter, Path};
use crate::json::member_mut;
use crate::resource_type::{Place, ResourceType};
use crate::schema::Attribute;

/// Rewrites what an attribute is compared with; returns whether there was anything to rewrite.
type RewriteOperand = fn(&Attribute, &mut CompValue) -> bool;

/// Rewrites every comparison of a query's filter and of the paths of operations.
pub(super) fn comparisons(of: &ResourceType, sent: &mut Sent<'_>, rewrite: RewriteOperand) -> bool {
    if let Sent::Filter(text) = sent {
        let in_type = |path: &AttrPath| leaf(of, path);
        return reprinted(text, |filter| each(filter, &in_type, rewrite));
    }
    paths(sent, |path| {
        let attribute = leaf(of, &path.attribute);
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

/// Changes what a text stands for; a text that stands for nothing is left as it is.
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

fn leaf<'a>(of: &'a ResourceType, path: &AttrPath) -> Option<&'a Attribute> {
    match of.place(path)? {
        Place::Attribute { attribute, sub, .. } => Some(sub.unwrap_or(attribute)),
        Place::Extension(_) => None,
    }
}

/// Goes through a filter, whose depth is bounded by its parser. `find` knows what its paths name.
fn each<'a>(
    filter: &mut Filter,
    find: &dyn Fn(&AttrPath) -> Option<&'a Attribute>,
    rewrite: RewriteOperand,
) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts
            .iter_mut()
            .fold(false, |found, part| each(part, find, rewrite) | found),
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

/// Entra ID leaves quotes out: `externalId eq jyoung`. What stands for a text and reads as a number or a boolean is that text, too.
pub(super) fn unquoted_filter_values(of: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Filter(text) = &mut *sent else {
        return false;
    };
    let malformed = text.parse::<Filter>().is_err();
    if malformed {
        **text = quoted(text);
    }
    let rewritten = comparisons(of, sent, |attribute, value| {
        let literal = matches!(value, CompValue::Number(_) | CompValue::Boolean(_));
        let is_text = literal && attribute.data_type.is_text();
        if is_text {
            *value = CompValue::Text(value.to_string());
        }
        is_text
    });
    malformed | rewritten
}

/// The text with quotes around what stands between an operator and the next `and`, `or` or bracket, unless it is a value already.
fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut value: Option<&str> = None;
    let mut rest = text;
    while let Some((piece, behind)) = piece(rest) {
        match value {
            Some(begun) if ends_value(piece) => {
                // INVARIANT: `rest` is an end of `begun`.
                let given = begun.len() - rest.len();
                written.push_str(&as_value(begun.get(..given).unwrap_or_default()));
                written.push_str(piece);
                value = None;
            }
            Some(_) => {}
            None => {
                written.push_str(piece);
                value = CompareOp::named(piece).map(|_| behind);
            }
        }
        rest = behind;
    }
    written + &value.map(as_value).unwrap_or_default()
}

/// The first piece of a text, and what is behind it: white space, a bracket, a string, or a word.
fn piece(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let length = match first {
        ' ' => text.len() - text.trim_start_matches(' ').len(),
        '(' | ')' | '[' | ']' => 1,
        '"' => string(text),
        _ => text
            .find([' ', '(', ')', '[', ']', '"'])
            .unwrap_or(text.len()),
    };
    text.split_at_checked(length)
}

/// The length of a JSON string at the beginning; all of the text if it is not closed.
fn string(text: &str) -> usize {
    let mut escaped = false;
    let closed = text.bytes().skip(1).position(|b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    });
    closed.map_or(text.len(), |at| at + 2)
}

fn ends_value(piece: &str) -> bool {
    let words = ["and", "or", ")", "]"];
    words.iter().any(|word| piece.eq_ignore_ascii_case(word))
}

/// What stands where a value should, with the white space around it.
fn as_value(given: &str) -> String {
    let bare = given.trim_matches(' ');
    if bare.is_empty() || bare.contains('"') || serde_json::from_str::<Value>(bare).is_ok() {
        return given.to_owned();
    }
    given.replace(bare, &Value::from(bare).to_string())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_no_value_is_quoted() {
        for (given, expected) in [
            ("externalId eq jyoung", r#"externalId eq "jyoung""#),
            ("a eq b and c eq true", r#"a eq "b" and c eq true"#),
            ("a eq 0123", r#"a eq "0123""#),
            ("(a EQ John Doe) or b pr", r#"(a EQ "John Doe") or b pr"#),
            ("a[b eq work].c eq d", r#"a[b eq "work"].c eq "d""#),
            (
                r#"a eq "b and c" and d sw e"#,
                r#"a eq "b and c" and d sw "e""#,
            ),
            ("a eq ä(b", "a eq \"ä(b\""),
            (r#"a eq "b"#, r#"a eq "b"#),
            ("a eq ", "a eq "),
            ("", ""),
        ] {
            assert_eq!(quoted(given), expected);
        }
    }
}
