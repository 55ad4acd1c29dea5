//! References to resources that other operations of the request create, `bulkId:NAME`: RFC 7644
//! section 3.7.2. A reference is
//!
//! * a whole string, such as a member's `value`,
//! * the end of a URI, such as a `$ref` of `/Users/bulkId:NAME`, or
//! * either of these in quotes, in the `path` of a PATCH operation: `members[value eq
//!   "bulkId:NAME"]`.

use crate::ordered::OrderedSet;
use crate::sorted_map::SortedMap;
use serde_json::Value;

const MARK: &str = "bulkId:";

/// Returns the name in a string that is a reference.
pub(super) fn name(text: &str) -> Option<&str> {
    text.strip_prefix(MARK)
}

/// Returns the names that the strings of a document refer to.
pub(super) fn names(document: &Value) -> OrderedSet<String> {
    let mut names = OrderedSet::new();
    let mut document = document.clone();
    each_string(&mut document, false, &mut |name| {
        names.insert(name.to_owned());
        None
    });
    names
}

/// Returns the document with names replaced by ids. A name without an id remains.
pub(super) fn resolved(document: &Value, ids: &SortedMap<String>) -> Value {
    let mut document = document.clone();
    each_string(&mut document, false, &mut |name| ids.get(name).cloned());
    document
}

/// Returns the replacement for a referenced name, if there is one.
type Resolve<'r> = dyn FnMut(&str) -> Option<String> + 'r;

/// Visits every string. The JSON parser limits the depth.
fn each_string(value: &mut Value, is_path: bool, resolve: &mut Resolve<'_>) {
    match value {
        Value::String(text) => {
            let new = match in_text(text, resolve) {
                None if is_path => in_quotes(text, resolve),
                new => new,
            };
            if let Some(new) = new {
                *text = new;
            }
        }
        Value::Array(values) => {
            for value in values {
                each_string(value, is_path, resolve);
            }
        }
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                each_string(value, key.eq_ignore_ascii_case("path"), resolve);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces a reference that is the whole text or the last segment of a URI.
fn in_text(text: &str, resolve: &mut Resolve<'_>) -> Option<String> {
    if let Some(name) = name(text) {
        return resolve(name);
    }
    let (before, name) = text.split_once("/bulkId:")?;
    Some(format!("{before}/{}", resolve(name)?))
}

/// Replaces references in the JSON strings of a filter. A malformed filter is left for the filter's
/// parser to report.
fn in_quotes(text: &str, resolve: &mut Resolve<'_>) -> Option<String> {
    let mut new = String::with_capacity(text.len());
    let (mut rest, mut changed) = (text, false);
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at_checked(start)?;
        let mut literals = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
        let literal = literals.next()?.ok()?;
        let (quoted, after) = quoted.split_at_checked(literals.byte_offset())?;
        let found = in_text(&literal, resolve);
        changed |= found.is_some();
        new.push_str(before);
        new.push_str(
            &found.map_or_else(|| quoted.to_owned(), |text| Value::from(text).to_string()),
        );
        rest = after;
    }
    new.push_str(rest);
    changed.then_some(new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved_text(key: &str, text: &str) -> String {
        let ids = [("a", "1"), ("a \"b\"", "2")];
        let ids = ids.map(|(name, id)| (name.to_owned(), id.to_owned()));
        let ids = ids.into_iter().collect();
        let resolved = resolved(&json!({ key: [text] }), &ids);
        resolved[key][0].as_str().unwrap().to_owned()
    }

    #[test]
    fn found_where_a_reference_may_stand() {
        for (key, text, expected) in [
            ("value", "bulkId:a", "1"),
            ("value", "bulkId:a \"b\"", "2"),
            ("$ref", "/Users/bulkId:a", "/Users/1"),
            ("$ref", "https://x/v2/Users/bulkId:a", "https://x/v2/Users/1"),
            ("path", r#"members[value eq "bulkId:a"]"#, r#"members[value eq "1"]"#),
            (
                "path",
                r#"members[value eq "bulkId:a" or $ref ew "Users/bulkId:a \"b\""].display"#,
                r#"members[value eq "1" or $ref ew "Users/2"].display"#,
            ),
            ("Path", r#"members[value eq "bulkId:\u0061"]"#, r#"members[value eq "1"]"#),
        ] {
            assert_eq!(resolved_text(key, text), expected, "{key}");
        }
    }

    #[test]
    fn left_alone_elsewhere() {
        for (key, text) in [
            ("value", "bulkId:b"),
            ("value", "BULKID:a"),
            ("value", "see bulkId:a"),
            ("value", r#"the "bulkId:a" resource_type old"#),
            ("path", r#"members[value eq "x"]"#),
            ("path", r#"members[value eq "bulkId:a"#),
            ("path", r#"members[value eq "bulkId:a" and display eq "\q"]"#),
        ] {
            assert_eq!(resolved_text(key, text), text, "{key}");
        }
    }

    #[test]
    fn names_are_those_that_would_be_replaced() {
        let document = json!({
            "manager": {"value": "bulkId:a"},
            "members": [{"value": "bulkId:b", "$ref": "../Users/bulkId:b"}, {"value": "c"}],
            "Operations": [{"path": "members[value eq \"bulkId:d\"]", "value": "x"}],
        });
        let expected = ["a", "b", "d"].map(ToOwned::to_owned);
        assert_eq!(names(&document), expected.into_iter().collect());
    }
}
