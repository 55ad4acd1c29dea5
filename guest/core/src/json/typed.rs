//! From a JSON value to a type, with the place of what does not fit.

use std::fmt;
use std::iter::Enumerate;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Value};

/// A value that does not fit, and the path to it: `users.reactivation[0]`, or nothing for the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Misfit {
    /// Where it is.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self {
            path: String::new(),
            problem: problem.to_string(),
        }
    }

    // Said here, as serde's own words would bring the printing of floating-point numbers with them.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found: &dyn fmt::Display = match &found {
            Unexpected::Unit => &"null",
            Unexpected::Bool(value) => value,
            Unexpected::Unsigned(number) => number,
            Unexpected::Signed(number) => number,
            Unexpected::Float(_) => &"a number",
            Unexpected::Str(text) => &format!("{text:?}"),
            Unexpected::Seq => &"an array",
            _ => &"an object",
        };
        Self::custom(format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }
}

/// Reads a type from a value.
///
/// # Errors
/// The first place that does not fit.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Misfit> {
    let mut trace = Vec::new();
    let read = T::deserialize(Place(value, &mut trace));
    read.map_err(|misfit: Misfit| Misfit {
        path: path(&trace),
        ..misfit
    })
}

/// The same, from a document that this crate wrote.
///
/// # Errors
/// If it is no JSON, or something in it does not fit.
pub fn written<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    let value = serde_json::from_str(text).map_err(de::Error::custom)?;
    typed(value)
}

/// A step from a value to one that is in it.
enum Step {
    Element(usize),
    Member(String),
}

/// The steps to the value that is being read; what does not fit leaves them as they are.
type Trace = Vec<Step>;

fn path(trace: &Trace) -> String {
    let mut path = String::new();
    for step in trace {
        match step {
            Step::Element(index) => path.push_str(&format!("[{index}]")),
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
    }
    path
}

/// A value that is being read. Types ask for the shape that they have, and get no other: what cannot be asked for is not
/// compiled, and that is half of it.
struct Place<'t>(Value, &'t mut Trace);

impl Place<'_> {
    fn is_not(&self, expected: &dyn Expected) -> Misfit {
        let found = match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("a number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        de::Error::invalid_type(found, expected)
    }
}

impl<'de> Deserializer<'de> for Place<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(Self(Value::Number(number), self.1).is_not(&visitor)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => visitor.visit_seq(Elements::of(values, self.1)),
            Value::Object(object) => visitor.visit_map(Members::of(object, self.1)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let mut object = match self.0 {
            Value::String(text) => return visitor.visit_enum(Variant(text, Value::Null, self.1)),
            Value::Object(object) => object.into_iter(),
            _ => return Err(self.is_not(&visitor)),
        };
        match (object.next(), object.next()) {
            (Some((name, value)), None) => visitor.visit_enum(Variant(name, value, self.1)),
            _ => Err(de::Error::custom("expected an object with one member")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.is_not(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(self.is_not(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(values) => visitor.visit_seq(Elements::of(values, self.1)),
            _ => Err(self.is_not(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Object(object) => visitor.visit_map(Members::of(object, self.1)),
            _ => Err(self.is_not(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple_struct ignored_any
    }
}

/// A variant's name and its content, null where it has none.
struct Variant<'t>(String, Value, &'t mut Trace);

impl<'de, 't> EnumAccess<'de> for Variant<'t> {
    type Error = Misfit;
    type Variant = Place<'t>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Place<'t>), Misfit> {
        let Self(name, content, trace) = self;
        let variant = seed.deserialize(Place(Value::String(name.clone()), &mut *trace))?;
        if !content.is_null() {
            trace.push(Step::Member(name));
        }
        Ok((variant, Place(content, trace)))
    }
}

impl<'de> VariantAccess<'de> for Place<'_> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.0 {
            Value::Null => Ok(()),
            _ => Err(de::Error::custom("has no content")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }
}

struct Elements<'t> {
    values: Enumerate<std::vec::IntoIter<Value>>,
    trace: &'t mut Trace,
}

impl<'t> Elements<'t> {
    fn of(values: Vec<Value>, trace: &'t mut Trace) -> Self {
        let values = values.into_iter().enumerate();
        Self { values, trace }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some((index, value)) = self.values.next() else {
            return Ok(None);
        };
        let depth = self.trace.len();
        self.trace.push(Step::Element(index));
        let element = seed.deserialize(Place(value, self.trace))?;
        self.trace.truncate(depth);
        Ok(Some(element))
    }
}

struct Members<'t> {
    members: serde_json::map::IntoIter,
    /// What belongs to the name that was read last, with which the trace ends.
    value: Value,
    trace: &'t mut Trace,
    depth: usize,
}

impl<'t> Members<'t> {
    fn of(object: Map<String, Value>, trace: &'t mut Trace) -> Self {
        Self {
            members: object.into_iter(),
            value: Value::Null,
            depth: trace.len(),
            trace,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        self.value = value;
        self.trace.push(Step::Member(name.clone()));
        seed.deserialize(Place(Value::String(name), self.trace))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let value = seed.deserialize(Place(self.value.take(), self.trace))?;
        self.trace.truncate(self.depth);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Of(u32),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        sizes: Vec<Option<Size>>,
        #[serde(default)]
        named: BTreeMap<String, f64>,
    }

    #[test]
    fn what_fits_is_read() {
        let read: Shape =
            typed(json!({"sizes": ["small", null, {"of": 3}], "named": {"a": -1, "b": 1.5}}))
                .unwrap();
        let sizes = vec![Some(Size::Small), None, Some(Size::Of(3))];
        let named = BTreeMap::from([("a".to_owned(), -1.0), ("b".to_owned(), 1.5)]);
        assert_eq!(read, Shape { sizes, named });
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (value, path) in [
            (json!([]), ""),
            (json!({}), ""),
            (json!({"sizes": [], "sices": []}), "sices"),
            (json!({"sizes": ["small", "huge"]}), "sizes[1]"),
            (json!({"sizes": [{"of": "x"}]}), "sizes[0].of"),
            (json!({"sizes": [], "named": {"a": true}}), "named.a"),
        ] {
            let misfit = typed::<Shape>(value.clone()).unwrap_err();
            assert_eq!(misfit.path, path, "{value}: {misfit}");
        }
    }
}
