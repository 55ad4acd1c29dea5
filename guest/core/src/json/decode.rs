//! Decoding of JSON values into types, with the path of a value that does not fit.
//!
//! Used instead of serde's derive, whose code for each member of each type, for all formats, was an
//! eighth of the component. A type lists its members' names once, in `decode_struct!` or
//! `decode_enum!`, and reading a member is one call.

use serde_json::{Map, Value};

use crate::sorted_map::SortedMap;

/// The error for a value that does not fit its type, with the path to the value, such as
/// `users.reactivation[0]`; the path is empty for the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DecodeError {
    /// The path of the value.
    pub path: String,
    /// Why it does not fit.
    pub problem: String,
}

impl DecodeError {
    /// An error of the value itself.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    fn expected(what: &str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            other => format!("`{other}`"),
        };
        Self::new(format!("expected {what}, found {found}"))
    }

    fn none_of(what: &str, found: &str, known: &[&str]) -> Self {
        let known = known.join("`, `");
        Self::new(format!("unknown {what} `{found}`, expected one of `{known}`"))
    }

    /// Prefixes the path with the member that contains the value.
    #[inline(never)]
    fn within(mut self, name: &str) -> Self {
        let dot = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }
}

/// A type that can be decoded from a JSON value.
pub trait Decode {
    /// Returns the value before decoding.
    fn initial() -> Self
    where
        Self: Sized;

    /// Decodes a JSON value into `self`.
    ///
    /// # Errors
    /// The first value that does not fit.
    fn decode(&mut self, value: Value) -> Result<(), DecodeError>;

    /// Returns whether the member may be missing from an object; it then keeps its initial value.
    fn is_optional(&self) -> bool {
        false
    }
}

/// Decodes a JSON value.
///
/// # Errors
/// The first value that does not fit.
pub fn from_value<T: Decode>(value: Value) -> Result<T, DecodeError> {
    let mut read = T::initial();
    read.decode(value)?;
    Ok(read)
}

/// Decodes a document that this crate wrote.
///
/// # Errors
/// If it is not JSON, or a value does not fit.
pub fn from_str<T: Decode>(text: &str) -> Result<T, DecodeError> {
    from_value(parsed(text)?)
}

fn parsed(text: &str) -> Result<Value, DecodeError> {
    serde_json::from_str(text).map_err(|error| DecodeError::new(error.to_string()))
}

/// A member's name, whether it has a default, and where its value is decoded to.
pub(crate) type Member<'a> = (&'static str, bool, &'a mut dyn Decode);

/// Decodes an object's members; a strict object may have no others.
// Not generic, so that its code exists once: each type passes a table of its members.
pub(crate) fn members(
    value: Value,
    strict: bool,
    members: &mut [Member<'_>],
) -> Result<(), DecodeError> {
    let mut unread = object_of(value)?;
    let names = members.iter().map(|(name, ..)| *name);
    let known: Vec<&str> = names.filter(|_| strict).collect();
    let unknown = |unread: &Map<String, Value>| {
        let mut names = unread.keys().filter(|_| strict);
        let other = names.find(|name| !known.contains(&name.as_str()))?;
        Some(DecodeError::none_of("field", other, &known).within(other))
    };
    for (name, has_default, place) in members {
        match unread.remove(*name) {
            Some(value) => place.decode(value).map_err(|misfit| misfit.within(name))?,
            None if *has_default || place.is_optional() => {}
            // An unknown member is reported before a missing one, since it may be a misspelling of
            // that.
            None => {
                let missing = || DecodeError::new(format!("missing field `{name}`"));
                return Err(unknown(&unread).unwrap_or_else(missing));
            }
        }
    }
    unknown(&unread).map_or(Ok(()), Err)
}

fn object_of(value: Value) -> Result<Map<String, Value>, DecodeError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(DecodeError::expected("an object", &other)),
    }
}

/// Decodes a struct from an object: each field with its member's name, and its default where the
/// member may be missing. A `strict` struct refuses other members, an `open` one ignores them.
macro_rules! decode_struct {
    (strict $type:ty { $($fields:tt)* }) => {
        $crate::json::decode_struct!(@impl $type, true, { $($fields)* });
    };
    (open $type:ty { $($fields:tt)* }) => {
        $crate::json::decode_struct!(@impl $type, false, { $($fields)* });
    };
    (@impl $type:ty, $strict:literal, {
        $($field:ident: $name:literal $(= $default:expr)?),* $(,)?
    }) => {
        impl $crate::json::Decode for $type {
            fn initial() -> Self {
                Self {
                    $($field: $crate::json::decode_struct!(@initial $($default)?)),*
                }
            }

            fn decode(
                &mut self,
                value: serde_json::Value,
            ) -> Result<(), $crate::json::DecodeError> {
                $crate::json::members(value, $strict, &mut [
                    $(($name, $crate::json::decode_struct!(@has $($default)?), &mut self.$field)),*
                ])
            }
        }
    };
    (@initial) => { $crate::json::Decode::initial() };
    (@initial $default:expr) => { $default };
    (@has) => { false };
    (@has $default:expr) => { true };
}

/// Decodes an enum from a string: each variant with its name.
macro_rules! decode_enum {
    ($type:ty { $first:ident: $name:literal $(, $variant:ident: $names:literal)* $(,)? }) => {
        impl $crate::json::Decode for $type {
            fn initial() -> Self {
                Self::$first
            }

            fn decode(
                &mut self,
                value: serde_json::Value,
            ) -> Result<(), $crate::json::DecodeError> {
                let place = $crate::json::place_of(value, &[$name $(, $names)*])?;
                let variants = [Self::$first $(, Self::$variant)*];
                *self = variants.get(place).copied().unwrap_or(Self::$first);
                Ok(())
            }
        }
    };
}

pub(crate) use {decode_enum, decode_struct};

/// Returns the index of a word in `words`.
pub(crate) fn place_of(value: Value, words: &[&str]) -> Result<usize, DecodeError> {
    let text = string_of(value)?;
    let found = words.iter().position(|word| *word == text);
    found.ok_or_else(|| DecodeError::none_of("variant", &text, words))
}

fn string_of(value: Value) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(DecodeError::expected("a string", &other)),
    }
}

/// Returns the name of a variant and its content: from a string, or an object with one member.
pub(crate) fn variant(value: Value) -> Result<(String, Value), DecodeError> {
    match value {
        Value::String(name) => Ok((name, Value::Null)),
        Value::Object(object) if object.len() == 1 => {
            let only = object.into_iter().next();
            only.ok_or_else(|| DecodeError::new("expected a member"))
        }
        other => Err(DecodeError::expected("a string, or an object of one", &other)),
    }
}

/// Implements [`Decode`] with a function.
macro_rules! plain {
    ($type:ty, $blank:expr, $read:expr) => {
        impl Decode for $type {
            fn initial() -> Self {
                $blank
            }

            fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
                *self = $read(value)?;
                Ok(())
            }
        }
    };
}

plain!(Value, Value::Null, Ok::<Value, DecodeError>);
plain!(String, String::new(), string_of);
plain!(bool, false, |value: Value| {
    let boolean = value.as_bool();
    boolean.ok_or_else(|| DecodeError::expected("true or false", &value))
});
plain!(i64, 0, |value: Value| {
    let number = value.as_i64();
    number.ok_or_else(|| DecodeError::expected("an integer", &value))
});
plain!(u64, 0, number_of);
plain!(u32, 0, smaller);
plain!(usize, 0, smaller);

fn number_of(value: Value) -> Result<u64, DecodeError> {
    let number = value.as_u64();
    number.ok_or_else(|| DecodeError::expected("an integer of 0 or more", &value))
}

fn smaller<T: TryFrom<u64>>(value: Value) -> Result<T, DecodeError> {
    T::try_from(number_of(value)?).map_err(|_| DecodeError::new("the number is too large"))
}

impl<T: Decode> Decode for Option<T> {
    fn initial() -> Self {
        None
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        *self = match value {
            Value::Null => None,
            value => Some(from_value(value)?),
        };
        Ok(())
    }

    fn is_optional(&self) -> bool {
        true
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn initial() -> Self {
        Self::new()
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let Value::Array(values) = value else {
            return Err(DecodeError::expected("an array", &value));
        };
        *self = Self::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let mut element = T::initial();
            element.decode(value).map_err(|misfit| misfit.within(&format!("[{index}]")))?;
            self.push(element);
        }
        Ok(())
    }
}

impl<A: Decode, B: Decode> Decode for (A, B) {
    fn initial() -> Self {
        (A::initial(), B::initial())
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let values = match value {
            Value::Array(values) => <[Value; 2]>::try_from(values).ok(),
            _ => None,
        };
        let [a, b] = values.ok_or_else(|| DecodeError::new("expected two values"))?;
        self.0.decode(a)?;
        self.1.decode(b)
    }
}

impl<T: Decode> Decode for SortedMap<T> {
    fn initial() -> Self {
        Self::new()
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        *self = Self::new();
        for (name, value) in object_of(value)? {
            let mut member = T::initial();
            member.decode(value).map_err(|misfit| misfit.within(&name))?;
            self.insert(name, member);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Size {
        Small,
        Large,
    }

    decode_enum!(Size { Small: "small", Large: "large" });

    #[derive(Debug, PartialEq)]
    struct Shape {
        sizes: Vec<Option<Size>>,
        named: SortedMap<i64>,
        of: Option<u32>,
    }

    decode_struct!(strict Shape {
        sizes: "sizes",
        named: "named" = SortedMap::new(),
        of: "of",
    });

    #[test]
    fn what_fits_is_read() {
        let read: Shape =
            from_value(json!({"sizes": ["small", null, "large"], "named": {"a": -1, "b": 2}}))
                .unwrap();
        let shape = Shape {
            sizes: vec![Some(Size::Small), None, Some(Size::Large)],
            named: [("a".to_owned(), -1), ("b".to_owned(), 2)].into_iter().collect(),
            of: None,
        };
        assert_eq!(read, shape);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (value, path) in [
            (json!([]), ""),
            (json!({}), ""),
            (json!({"sizes": [], "sices": []}), "sices"),
            (json!({"named": {}, "sices": []}), "sices"),
            (json!({"sizes": ["small", "huge"]}), "sizes[1]"),
            (json!({"sizes": [{"of": "x"}]}), "sizes[0]"),
            (json!({"sizes": [], "named": {"a": true}}), "named.a"),
            (json!({"sizes": [], "of": -1}), "of"),
            (json!({"sizes": [], "of": 4_294_967_296_u64}), "of"),
        ] {
            let misfit = from_value::<Shape>(value.clone()).unwrap_err();
            assert_eq!(misfit.path, path, "{value}: {misfit}");
        }
    }
}
