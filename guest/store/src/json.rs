//! Integers of 64 bits in JSON, as `wit/module.md` has them: those that not every reader keeps as
//! numbers may be text. Everything else is serde's form of the types, with the names of the WIT.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};

/// Reads a value whose integers of 64 bits may be text.
pub fn wide<'de, T: Wide, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// A value with an integer of 64 bits.
pub trait Wide: Sized {
    /// Reads it.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// An integer of 64 bits, as a number or as text.
#[derive(Deserialize)]
pub struct Integer(#[serde(deserialize_with = "wide")] pub u64);

impl Wide for i64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SignedDigits)
    }
}

struct SignedDigits;

impl Visitor<'_> for SignedDigits {
    type Value = i64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an integer from -2^63 to 2^63 - 1, as a number or as text")
    }

    fn visit_i64<E>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl Wide for u64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Digits)
    }
}

impl Wide for Option<u64> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Option::<Integer>::deserialize(deserializer)?;
        Ok(read.map(|Integer(value)| value))
    }
}

impl<K: DeserializeOwned> Wide for Vec<(K, u64)> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<(K, Integer)>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|(key, Integer(value))| (key, value)).collect())
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an integer from 0 to 2^64 - 1, as a number or as text")
    }

    fn visit_u64<E>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        // A sign would be parsed as well.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text);
        let value = digits.and_then(|digits| digits.parse().ok());
        value.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}
