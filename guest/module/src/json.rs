//! Numbers and results as the interface writes them; everything else is serde's form of the types
//! in [`bindings`](crate::bindings) and in scimlet-store.

use std::io;

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
