//! JSON as clients send it (RFC 8259): numbers kept to the digit, and refused what different readers read differently or not at all: an
//! object that has a name twice, U+0000 and lone surrogates in strings, documents that are too deep or too wide.

mod typed;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub(crate) use typed::Unread;
pub use typed::{Misfit, Typed, typed, written};
pub(crate) use typed::{object, one_of, variant, word};

use crate::limits;

/// A document that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// An object has a name twice.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// A string holds U+0000.
    #[error("a string holds U+0000")]
    Nul,
    /// Arrays and objects are nested too deeply.
    #[error("nested more than {} deep", limits::JSON_DEPTH)]
    Deep,
    /// There are too many values.
    #[error("more than {} values", limits::JSON_VALUES)]
    Wide,
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut left = limits::JSON_VALUES;
    read(serde_json::from_str(text)?, limits::JSON_DEPTH, &mut left)
}

/// The member of this name, in any case (RFC 7643 section 2.1).
#[must_use]
pub fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// The same, to be changed.
pub fn member_mut<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    let found = object
        .iter_mut()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Level by level, so that nothing recurses deeper than it may.
fn read(raw: &RawValue, depth: usize, left: &mut usize) -> Result<Value, JsonError> {
    *left = left.checked_sub(1).ok_or(JsonError::Wide)?;
    let text = raw.get();
    if text.starts_with(['{', '[']) && depth == 0 {
        return Err(JsonError::Deep);
    }
    if text.starts_with('{') {
        let Members(members) = serde_json::from_str(text)?;
        let mut object = Map::new();
        for (name, value) in members {
            if object.contains_key(&name) {
                return Err(JsonError::Twice(name));
            }
            let value = read(value, depth.saturating_sub(1), left)?;
            object.insert(name, value);
        }
        return Ok(Value::Object(object));
    }
    if text.starts_with('[') {
        let values: Vec<&RawValue> = serde_json::from_str(text)?;
        let each = |value| read(value, depth.saturating_sub(1), left);
        return Ok(Value::Array(
            values.into_iter().map(each).collect::<Result<_, _>>()?,
        ));
    }
    let value: Value = serde_json::from_str(text)?;
    if value.as_str().is_some_and(|text| text.contains('\0')) {
        return Err(JsonError::Nul);
    }
    Ok(value)
}

/// An object's members in their order, those given twice, too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonError, parse};
    use crate::limits;

    #[test]
    fn reads_as_others_do() {
        let text = r#" {"a":[1,-2,3.5,1e3,"\u00e4",true,null],"b":{"c":"\""}} "#;
        let expected: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn numbers_are_kept_to_the_digit() {
        let text = r#"[12345678901234567890123,0.1234567890123456789,1.10,-0,1E+2]"#;
        let printed = parse(text).unwrap().to_string();
        assert_eq!(printed, text.replace("1E+2", "1e+2"));
    }

    #[test]
    fn a_name_given_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert!(
                matches!(parse(text), Err(JsonError::Twice(name)) if name == "a"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "nul",
            "1 2",
            r#""\ud800""#,
            r#"{"a":"\udc00"}"#,
            "{\"a\" 1}",
            "[01]",
        ] {
            assert!(matches!(parse(text), Err(JsonError::Syntax(_))), "{text}");
        }
        assert!(matches!(parse(r#"["a\u0000"]"#), Err(JsonError::Nul)));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(&nested(limits::JSON_DEPTH)).is_ok());
        assert!(matches!(
            parse(&nested(limits::JSON_DEPTH + 1)),
            Err(JsonError::Deep)
        ));
        assert!(matches!(parse(&nested(100_000)), Err(JsonError::Deep)));
        let wide = format!("[{}0]", "0,".repeat(limits::JSON_VALUES));
        assert!(matches!(parse(&wide), Err(JsonError::Wide)));
    }
}
