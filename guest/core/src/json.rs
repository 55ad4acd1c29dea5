//! JSON as clients send it (RFC 8259). Numbers keep all their digits. Documents that parsers
//! interpret differently or cannot represent are rejected: duplicate names, U+0000 and lone
//! surrogates in strings, too much nesting or too many values.

mod decode;
mod large;
mod parts;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

pub use decode::{Decode, DecodeError, from_str, from_value};
pub(crate) use decode::{Member, decode_enum, decode_struct, members, place_of, variant};
pub use large::{parse_large, unpacked};

use crate::error::{Error, given_twice};
use crate::limits;

/// The text of a data file below `guest/core/`, as the build script copied it.
macro_rules! built_in {
    ($path:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $path))
    };
}

pub(crate) use built_in;

/// Why a document is rejected.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// An object contains a name twice.
    #[error("{}", given_twice(.0))]
    Twice(String),
    /// A string contains U+0000.
    #[error("a string holds U+0000")]
    Nul,
    /// Arrays and objects are nested too deeply.
    #[error("nested more than {} deep", limits::JSON_DEPTH)]
    Deep,
    /// It contains too many values.
    #[error("more than {} values", limits::JSON_VALUES)]
    Wide,
}

/// Parses a document.
///
/// # Errors
/// If it is not JSON, or breaks one of the rules of [`JsonError`].
pub fn parse(text: &str) -> Result<Value, JsonError> {
    Reader::new().read(text)
}

/// Appends a value as JSON to `out`.
///
/// # Errors
/// Internal, if it cannot be serialized.
pub fn write(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    serde_json::to_writer(out, value).map_err(|error| Error::internal(error.to_string()))
}

/// Appends a string as JSON to `out`.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    // Most strings need no escapes.
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if !text.bytes().all(is_plain) {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Converts written JSON to text.
///
/// # Errors
/// Internal, if it is not UTF-8.
pub fn text(written: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(written).map_err(|error| Error::internal(error.to_string()))
}

/// Parses an object that this service wrote.
///
/// # Errors
/// Internal, if the text is not a JSON object.
pub fn written_object(text: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(text).map_err(|error| Error::internal(error.to_string()))
}

/// Parses only the members with these names from an object that this service wrote.
///
/// # Errors
/// If the text is not a JSON object.
pub fn some_members(text: &str, names: &[&str]) -> Result<Map<String, Value>, JsonError> {
    let mut found = Map::new();
    for (name, value) in parts::parts(text)? {
        if names.contains(&name.as_str()) {
            found.insert(name, Reader::new().read(value.get())?);
        }
    }
    Ok(found)
}

/// Removes the members that `keep` does not keep. It is compiled once; each
/// [`Map::retain`](serde_json::Map::retain) adds a walk of a tree to the component.
pub fn retain(object: &mut Map<String, Value>, keep: &mut dyn FnMut(&str, &mut Value) -> bool) {
    object.retain(|name, value| keep(name, value));
}

/// Returns the member of this name, compared without case (RFC 7643 section 2.1).
#[must_use]
pub fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Returns the member of this name for changes, compared without case (RFC 7643 section 2.1).
pub fn member_mut<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    let found = object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Deserializes a value and all values in it, counting both depth and number.
struct Reader {
    /// How many more levels are allowed.
    depth: usize,
    /// How many more values are allowed.
    left: usize,
    /// Which rule was broken, if the text was valid JSON up to there.
    refusal: Option<JsonError>,
}

/// The name of the only member of the map in which serde_json passes a number that no integer type
/// represents exactly.
const NUMBER: &str = "$serde_json::private::Number";

impl Reader {
    /// A reader with the full limits.
    fn new() -> Self {
        Self { depth: limits::JSON_DEPTH, left: limits::JSON_VALUES, refusal: None }
    }

    /// Reads a document, or one of several that share the limits.
    fn read(&mut self, text: &str) -> Result<Value, JsonError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let read = self.deserialize(&mut json);
        let read = read.and_then(|value| json.end().map(|()| value));
        read.map_err(|error| self.refusal.take().unwrap_or(JsonError::Syntax(error)))
    }

    fn refuse<E: de::Error>(&mut self, refusal: JsonError) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        let deeper = self.depth.checked_sub(1);
        self.depth = deeper.ok_or_else(|| self.refuse(JsonError::Deep))?;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| self.refuse(JsonError::Wide))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(self.refuse(JsonError::Nul));
        }
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(&mut *self)? {
            values.push(value);
        }
        self.leave();
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut name: Option<String> = members.next_key()?;
        if name.as_deref() == Some(NUMBER) {
            let digits: String = members.next_value()?;
            return digits.parse().map(Value::Number).map_err(de::Error::custom);
        }
        self.enter()?;
        let mut object = Map::new();
        while let Some(present) = name {
            if object.contains_key(&present) {
                return Err(self.refuse(JsonError::Twice(present)));
            }
            let value = members.next_value_seed(&mut *self)?;
            object.insert(present, value);
            name = members.next_key()?;
        }
        self.leave();
        Ok(Value::Object(object))
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
            assert!(matches!(parse(text), Err(JsonError::Twice(name)) if name == "a"), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "nul", "1 2", r#""\ud800""#, r#"{"a":"\udc00"}"#, "{\"a\" 1}", "[01]"]
        {
            assert!(matches!(parse(text), Err(JsonError::Syntax(_))), "{text}");
        }
        assert!(matches!(parse(r#"["a\u0000"]"#), Err(JsonError::Nul)));
    }

    #[test]
    fn depth_and_width_are_bounded() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(&nested(limits::JSON_DEPTH)).is_ok());
        assert!(matches!(parse(&nested(limits::JSON_DEPTH + 1)), Err(JsonError::Deep)));
        assert!(matches!(parse(&nested(100_000)), Err(JsonError::Deep)));
        let wide = format!("[{}0]", "0,".repeat(limits::JSON_VALUES));
        assert!(matches!(parse(&wide), Err(JsonError::Wide)));
    }
}
