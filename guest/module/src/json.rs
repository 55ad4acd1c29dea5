//! Numbers and results as the interface writes them; everything else is serde's form of the types
//! in [`bindings`](crate::bindings).

use std::io;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};

/// The greatest integer that is written as a number, as `wit/module.md` has it: readers that keep
/// numbers as doubles (RFC 8259 section 6) know no greater one without a gap before it.
const EXACT: u64 = 1 << 53;

/// A result: `{"ok": …}` or `{"err": …}`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<T, E> {
    /// It succeeded.
    Ok(T),
    /// It failed.
    Err(E),
}

impl<T, E> From<Result<T, E>> for Outcome<T, E> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Err(error),
        }
    }
}

impl<T, E> From<Outcome<T, E>> for Result<T, E> {
    fn from(outcome: Outcome<T, E>) -> Self {
        match outcome {
            Outcome::Ok(value) => Ok(value),
            Outcome::Err(error) => Err(error),
        }
    }
}

/// The answer to a call, in both directions.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// The function's result, in the form of its type.
    Return(T),
    /// Why there was no call, or why the host could not answer it.
    Error(String),
}

/// Writes a value; integers that not every reader keeps are text.
pub fn write(value: &impl Serialize) -> Vec<u8> {
    let mut written = Vec::with_capacity(256);
    let mut serializer = Serializer::with_formatter(&mut written, Exact);
    value.serialize(&mut serializer).expect("the types of the interface have a form in JSON");
    written
}

/// Writes integers beyond [`EXACT`] as text.
struct Exact;

impl Formatter for Exact {
    fn write_u64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        integer(writer, value.to_string(), value)
    }

    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        integer(writer, value.to_string(), value.unsigned_abs())
    }
}

fn integer<W: ?Sized + io::Write>(writer: &mut W, text: String, size: u64) -> io::Result<()> {
    let quote: &[u8] = if size > EXACT { b"\"" } else { b"" };
    writer.write_all(quote)?;
    writer.write_all(text.as_bytes())?;
    writer.write_all(quote)
}

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
