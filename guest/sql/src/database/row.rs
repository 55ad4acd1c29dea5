//! The rows that a statement returns.

use std::vec::IntoIter;

use scimlet_store::{Refusal, Scalar};

use crate::Stored;
use crate::dialect::decode;

/// A value in a column.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "kebab-case"))]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Integer(
        #[cfg_attr(feature = "json", serde(deserialize_with = "scimlet_store::json::wide"))] i64,
    ),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    #[cfg_attr(feature = "json", serde(rename = "blob", with = "crate::database::base64"))]
    Bytes(Vec<u8>),
    /// A truth value, which only PostgreSQL has.
    Boolean(bool),
}

/// A row, which is read column by column.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "json", derive(serde::Deserialize), serde(from = "Vec<Cell>"))]
pub struct Row(IntoIter<Cell>);

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Row {
        Row(cells.into_iter())
    }
}

impl Iterator for Row {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        self.0.next()
    }
}

impl Row {
    /// Reads the next column; beyond the last one there is NULL.
    fn column(&mut self) -> Cell {
        self.0.next().unwrap_or(Cell::Null)
    }

    /// Reads an integer, or `None` for NULL. A database that has only floating-point numbers or
    /// text for a sum may return those.
    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, Refusal> {
        match self.column() {
            Cell::Null => Ok(None),
            Cell::Integer(number) => Ok(Some(number)),
            Cell::Real(number) if number.fract() == 0.0 => Ok(Some(number as i64)),
            Cell::Text(digits) => digits.parse().map(Some).map_err(|_| unreadable()),
            Cell::Real(_) | Cell::Bytes(_) | Cell::Boolean(_) => Err(unreadable()),
        }
    }

    /// Reads an integer.
    pub(super) fn integer(&mut self) -> Result<i64, Refusal> {
        self.optional_integer()?.ok_or_else(unreadable)
    }

    /// Reads an integer that is not negative.
    pub(super) fn unsigned(&mut self) -> Result<u64, Refusal> {
        u64::try_from(self.integer()?).map_err(|_| unreadable())
    }

    /// Reads the index of a caller's key.
    pub(super) fn place(&mut self) -> Result<usize, Refusal> {
        usize::try_from(self.integer()?).map_err(|_| unreadable())
    }

    /// Reads a text, or `None` for NULL.
    pub(super) fn optional_text(&mut self) -> Result<Option<String>, Refusal> {
        match self.column() {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            _ => Err(unreadable()),
        }
    }

    /// Reads a text.
    pub(super) fn text(&mut self) -> Result<String, Refusal> {
        self.optional_text()?.ok_or_else(unreadable)
    }

    /// Reads bytes of a fixed length.
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        match self.column() {
            Cell::Bytes(bytes) => bytes.try_into().map_err(|_| unreadable()),
            _ => Err(unreadable()),
        }
    }

    /// Reads a truth value, which SQLite keeps as an integer.
    pub(super) fn boolean(&mut self) -> Result<bool, Refusal> {
        match self.column() {
            Cell::Boolean(flag) => Ok(flag),
            Cell::Integer(number) => Ok(number != 0),
            Cell::Real(number) => Ok(number != 0.0),
            _ => Err(unreadable()),
        }
    }

    /// Reads the value of a term, or `None` for NULL; `is_encoded` says whether it is PostgreSQL's
    /// form.
    pub(super) fn optional_term(&mut self, is_encoded: bool) -> Result<Option<Stored>, Refusal> {
        Ok(Some(Stored(match self.column() {
            Cell::Null => return Ok(None),
            Cell::Text(text) if is_encoded => {
                return decode(&text).map(Some).ok_or_else(unreadable);
            }
            Cell::Text(text) => Scalar::Text(text),
            Cell::Real(number) => Scalar::Number(number),
            // Some drivers return a number without a fraction as an integer.
            Cell::Integer(number) => Scalar::Number(number as f64),
            Cell::Bytes(bytes) => Scalar::Boolean(bytes == [1]),
            Cell::Boolean(_) => return Err(unreadable()),
        })))
    }

    /// Reads the value of a term.
    pub(super) fn term(&mut self, is_encoded: bool) -> Result<Stored, Refusal> {
        self.optional_term(is_encoded)?.ok_or_else(unreadable)
    }
}

/// Refuses a value that scimlet has not written.
fn unreadable() -> Refusal {
    Refusal::Damaged("a table of scimlet contains a value that scimlet has not written".into())
}
