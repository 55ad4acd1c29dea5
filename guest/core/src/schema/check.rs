//! Converts a client's JSON to attribute values: names are spelled as in the schema, values have
//! the schema's types, unassigned ones are removed. RFC 7643 sections 2.1 to 2.5.

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::attribute::{Attribute, DataType, Mutability};
use crate::error::{Error, ErrorKind};
use crate::instant;
use crate::json;
use crate::ordered::OrderedSet;

/// The problem of a complex value that is not an object.
pub(crate) const AN_OBJECT: &str = "must be an object";

/// A JSON object with the attributes of one resource.
pub type Content = Map<String, Value>;

/// The meaning of a client's value for an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenValue {
    /// No statement: an object, or an array of objects, without any sub-attribute that a client may
    /// write, such as `{}`.
    Nothing,
    /// The attribute is to have no value: null or an empty array (RFC 7643 section 2.5).
    Unassigned,
    /// This value, in canonical form. A sub-attribute given as null is to be unassigned; elements
    /// of an array contain no null.
    Value(Value),
}

impl GivenValue {
    /// Returns the value of an attribute that had none before; unassigned sub-attributes are left
    /// out.
    #[must_use]
    pub fn assigned(self) -> Option<Value> {
        match self {
            Self::Nothing | Self::Unassigned => None,
            Self::Value(Value::Object(mut members)) => {
                json::retain(&mut members, &mut |_, value| !value.is_null());
                (!members.is_empty()).then_some(Value::Object(members))
            }
            Self::Value(value) => Some(value),
        }
    }
}

/// Checks values against a schema, and collects what it ignored. For whole resources see
/// `resource::check`.
#[derive(Debug, Default)]
pub struct Checker {
    /// The paths of values that no schema defines.
    pub unknown: Vec<String>,
    /// The paths of values that clients cannot write.
    pub read_only: Vec<String>,
    /// The paths of attributes of a whole resource whose values are [`GivenValue::Nothing`], except
    /// `{}`.
    pub not_understood: Vec<String>,
}

impl Checker {
    /// Returns the meaning of a value for an attribute.
    ///
    /// # Errors
    /// `invalidValue` if it is not of the attribute's type.
    pub fn value(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        match value {
            Value::Null => Ok(GivenValue::Unassigned),
            Value::Array(values) if attribute.multi_valued => self.values(attribute, path, values),
            _ if attribute.multi_valued => Err(invalid(path, "must be an array")),
            value => self.single(attribute, path, value),
        }
    }

    /// Returns the meaning of one value, also for one element of a multi-valued attribute.
    ///
    /// # Errors
    /// `invalidValue` if it is not of the attribute's type.
    pub fn single(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        match attribute.data_type {
            DataType::Complex => self.object(&attribute.sub_attributes, path, value),
            _ => simple(attribute, path, value).map(GivenValue::Value),
        }
    }

    /// Checks several values and removes duplicates (RFC 7643 section 2.4).
    fn values(
        &mut self,
        attribute: &Attribute,
        path: &str,
        values: Vec<Value>,
    ) -> Result<GivenValue, Error> {
        let mut says_nothing = !values.is_empty();
        let mut kept = Vec::with_capacity(values.len());
        for value in values {
            if value.is_null() {
                says_nothing = false;
                continue;
            }
            let given = self.single(attribute, path, value)?;
            says_nothing &= given == GivenValue::Nothing;
            kept.extend(given.assigned());
        }
        let mut seen = OrderedSet::new();
        kept.retain(|value: &Value| seen.insert(value.to_string()));
        one_primary(path, &kept)?;
        Ok(match kept.is_empty() {
            false => GivenValue::Value(Value::Array(kept)),
            true if says_nothing => GivenValue::Nothing,
            true => GivenValue::Unassigned,
        })
    }

    fn object(
        &mut self,
        attributes: &[Attribute],
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(GivenValue::Unassigned),
            _ => return Err(invalid(path, AN_OBJECT)),
        };
        let mut content = Content::new();
        for (key, value) in members {
            let path = format!("{path}.{key}");
            match super::attribute::find(attributes, &key) {
                None => self.unknown.push(path),
                Some(sub) if sub.mutability == Mutability::ReadOnly => self.read_only.push(path),
                Some(sub) => match self.value(sub, &path, value)? {
                    GivenValue::Nothing => {}
                    GivenValue::Unassigned => insert(&mut content, sub.name.as_str(), Value::Null)?,
                    GivenValue::Value(value) => insert(&mut content, sub.name.as_str(), value)?,
                },
            }
        }
        Ok(match content.is_empty() {
            true => GivenValue::Nothing,
            false => GivenValue::Value(Value::Object(content)),
        })
    }
}

/// Checks that `primary` is true at most once (RFC 7643 section 2.4).
///
/// # Errors
/// `invalidValue` if several values are primary.
pub fn one_primary(path: &str, values: &[Value]) -> Result<(), Error> {
    let primaries = values.iter().filter(|value| value.get("primary") == Some(&Value::Bool(true)));
    if primaries.count() > 1 {
        return Err(invalid(path, "may have one primary value"));
    }
    Ok(())
}

fn simple(attribute: &Attribute, path: &str, value: Value) -> Result<Value, Error> {
    use DataType as T;
    let (fits, expected) = match attribute.data_type {
        T::String | T::Reference => (value.is_string(), "must be a string"),
        T::Boolean => (value.is_boolean(), "must be true or false"),
        T::Decimal => (value.is_number(), "must be a number"),
        T::Integer => (is_integer(&value), "must be an integer"),
        T::DateTime => {
            let fits = value.as_str().is_some_and(|text| instant::parse(text).is_some());
            (fits, "must be a dateTime such as 2008-01-23T04:56:22Z")
        }
        T::Binary => (value.as_str().is_some_and(is_base64), "must be a string in base64"),
        T::Complex => (false, AN_OBJECT),
    };
    if fits { Ok(value) } else { Err(invalid(path, expected)) }
}

/// Returns whether a number has neither fraction nor exponent (RFC 7643 section 2.3.4); its size
/// does not matter.
fn is_integer(value: &Value) -> bool {
    let Value::Number(number) = value else {
        return false;
    };
    number.to_string().trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether a text is base64 in either alphabet (RFC 4648 sections 4 and 5; RFC 7643 section
/// 2.3.6 allows both), fully padded or not padded at all.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let is_padded = bare.len().next_multiple_of(4) == text.len();
    (is_padded || bare == text)
        && (Base64Unpadded::decode_vec(bare).is_ok() || Base64UrlUnpadded::decode_vec(bare).is_ok())
}

pub(crate) fn insert(content: &mut Content, name: &str, value: Value) -> Result<(), Error> {
    match content.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::twice(ErrorKind::InvalidSyntax, name)),
    }
}

pub(crate) fn invalid(path: &str, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("`{path}` {problem}"))
}
