//! From a JSON value to a type, with the place of what does not fit.
//!
//! Not serde's derive: what that makes for each member of each type, for formats of any kind, was an eighth of the component. A type
//! says its members' names once, in [`object!`] or [`word!`], and reading a member is one call.

use std::collections::BTreeMap;

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

impl Misfit {
    /// What is wrong with the value itself.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            problem: problem.into(),
        }
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
        Self::new(format!(
            "unknown {what} `{found}`, expected one of `{known}`"
        ))
    }

    /// The same, seen from an object that it is in.
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

/// What can be read from a value.
pub trait Typed: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// The first place that does not fit.
    fn typed(value: Value) -> Result<Self, Misfit>;

    /// What a member is that is not there; `None` if it has to be.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads a type from a value.
///
/// # Errors
/// The first place that does not fit.
pub fn typed<T: Typed>(value: Value) -> Result<T, Misfit> {
    T::typed(value)
}

/// The same, from a document that this crate wrote.
///
/// # Errors
/// If it is no JSON, or something in it does not fit.
pub fn written<T: Typed>(text: &str) -> Result<T, Misfit> {
    let value = serde_json::from_str(text).map_err(|error| Misfit::new(error.to_string()))?;
    T::typed(value)
}

/// The members of an object that have not been read yet.
pub(crate) struct Unread {
    members: Map<String, Value>,
    /// The only ones that there may be; `None` for any.
    known: Option<&'static [&'static str]>,
}

impl Unread {
    /// Those of a value.
    pub(crate) fn of(value: Value, known: Option<&'static [&'static str]>) -> Result<Self, Misfit> {
        members(value).map(|members| Self { members, known })
    }

    /// Reads one.
    pub(crate) fn take<T: Typed>(&mut self, name: &str) -> Result<T, Misfit> {
        match self.remove(name) {
            Some(value) => T::typed(value).map_err(|misfit| misfit.within(name)),
            None => T::absent().ok_or_else(|| self.missing(name)),
        }
    }

    /// Reads one that may be missing.
    pub(crate) fn given<T: Typed>(&mut self, name: &str) -> Result<Option<T>, Misfit> {
        match self.remove(name) {
            Some(value) => T::typed(value)
                .map(Some)
                .map_err(|misfit| misfit.within(name)),
            None => Ok(None),
        }
    }

    // Once, and not once for each member of each type.
    #[inline(never)]
    fn remove(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// One that is unknown is worth more than one that is missing, which it may have been meant for.
    #[inline(never)]
    fn missing(&self, name: &str) -> Misfit {
        let unknown = self.end().err();
        unknown.unwrap_or_else(|| Misfit::new(format!("missing field `{name}`")))
    }

    /// Refuses the first that is not known.
    pub(crate) fn end(&self) -> Result<(), Misfit> {
        let Some(known) = self.known else {
            return Ok(());
        };
        let mut left = self.members.keys();
        match left.find(|name| !known.contains(&name.as_str())) {
            Some(other) => Err(Misfit::none_of("field", other, known).within(other)),
            None => Ok(()),
        }
    }
}

fn members(value: Value) -> Result<Map<String, Value>, Misfit> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(Misfit::expected("an object", &other)),
    }
}

/// Reads a struct from an object: each field with the member's name, and what it is where the member is missing. A `strict` one refuses
/// other members, an `open` one ignores them.
macro_rules! object {
    (strict $type:ty { $($field:ident: $name:literal $(= $default:expr)?),* $(,)? }) => {
        $crate::json::object!(@impl $type, { $($field: $name $(= $default)?),* }, Some(&[$($name),*]));
    };
    (open $type:ty { $($fields:tt)* }) => {
        $crate::json::object!(@impl $type, { $($fields)* }, None);
    };
    (@impl $type:ty, { $($field:ident: $name:literal $(= $default:expr)?),* $(,)? }, $known:expr) => {
        impl $crate::json::Typed for $type {
            fn typed(value: serde_json::Value) -> Result<Self, $crate::json::Misfit> {
                let mut members = $crate::json::Unread::of(value, $known)?;
                let read = Self {
                    $($field: $crate::json::object!(@member members, $name $(, $default)?)),*
                };
                members.end()?;
                Ok(read)
            }
        }
    };
    (@member $members:ident, $name:literal) => { $members.take($name)? };
    (@member $members:ident, $name:literal, $default:expr) => {
        $members.given($name)?.unwrap_or_else(|| $default)
    };
}

/// Reads an enum from a string: each variant with its name.
macro_rules! word {
    ($type:ty { $($variant:ident: $name:literal),* $(,)? }) => {
        impl $crate::json::Typed for $type {
            fn typed(value: serde_json::Value) -> Result<Self, $crate::json::Misfit> {
                $crate::json::one_of(value, &[$(($name, Self::$variant)),*])
            }
        }
    };
}

pub(crate) use {object, word};

/// What stands beside the word.
pub(crate) fn one_of<T: Copy>(value: Value, words: &[(&str, T)]) -> Result<T, Misfit> {
    let text = String::typed(value)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, variant)| *variant).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Misfit::none_of("variant", &text, &words)
    })
}

/// The name of a variant and its content: a string, or an object of one member.
pub(crate) fn variant(value: Value) -> Result<(String, Value), Misfit> {
    match value {
        Value::String(name) => Ok((name, Value::Null)),
        Value::Object(object) if object.len() == 1 => {
            let only = object.into_iter().next();
            only.ok_or_else(|| Misfit::new("expected a member"))
        }
        other => Err(Misfit::expected("a string, or an object of one", &other)),
    }
}

impl Typed for Value {
    fn typed(value: Value) -> Result<Self, Misfit> {
        Ok(value)
    }
}

impl Typed for bool {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let boolean = value.as_bool();
        boolean.ok_or_else(|| Misfit::expected("true or false", &value))
    }
}

impl Typed for String {
    fn typed(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(Misfit::expected("a string", &other)),
        }
    }
}

impl Typed for i64 {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let number = value.as_i64();
        number.ok_or_else(|| Misfit::expected("an integer", &value))
    }
}

impl Typed for u64 {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let number = value.as_u64();
        number.ok_or_else(|| Misfit::expected("an integer of 0 or more", &value))
    }
}

impl Typed for u32 {
    fn typed(value: Value) -> Result<Self, Misfit> {
        smaller(value)
    }
}

impl Typed for usize {
    fn typed(value: Value) -> Result<Self, Misfit> {
        smaller(value)
    }
}

fn smaller<T: TryFrom<u64>>(value: Value) -> Result<T, Misfit> {
    T::try_from(u64::typed(value)?).map_err(|_| Misfit::new("the number is too large"))
}

impl<T: Typed> Typed for Option<T> {
    fn typed(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Null => Ok(None),
            value => T::typed(value).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let Value::Array(values) = value else {
            return Err(Misfit::expected("an array", &value));
        };
        let mut elements = Self::with_capacity(values.len());
        for value in values {
            let index = elements.len();
            let element = T::typed(value).map_err(|misfit| misfit.within(&format!("[{index}]")))?;
            elements.push(element);
        }
        Ok(elements)
    }
}

impl<A: Typed, B: Typed> Typed for (A, B) {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let values = <Vec<Value>>::typed(value)?;
        match <[Value; 2]>::try_from(values) {
            Ok([a, b]) => Ok((A::typed(a)?, B::typed(b)?)),
            Err(_) => Err(Misfit::new("expected two values")),
        }
    }
}

impl<T: Typed> Typed for BTreeMap<String, T> {
    fn typed(value: Value) -> Result<Self, Misfit> {
        let mut map = Self::new();
        for (name, value) in members(value)? {
            let member = T::typed(value).map_err(|misfit| misfit.within(&name))?;
            map.insert(name, member);
        }
        Ok(map)
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

    word!(Size {
        Small: "small",
        Large: "large",
    });

    #[derive(Debug, PartialEq)]
    struct Shape {
        sizes: Vec<Option<Size>>,
        named: BTreeMap<String, i64>,
        of: Option<u32>,
    }

    object!(strict Shape {
        sizes: "sizes",
        named: "named" = BTreeMap::new(),
        of: "of",
    });

    #[test]
    fn what_fits_is_read() {
        let read: Shape =
            typed(json!({"sizes": ["small", null, "large"], "named": {"a": -1, "b": 2}})).unwrap();
        let shape = Shape {
            sizes: vec![Some(Size::Small), None, Some(Size::Large)],
            named: BTreeMap::from([("a".to_owned(), -1), ("b".to_owned(), 2)]),
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
            let misfit = typed::<Shape>(value.clone()).unwrap_err();
            assert_eq!(misfit.path, path, "{value}: {misfit}");
        }
    }
}
