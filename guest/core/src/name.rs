//! Attribute names: RFC 7643 section 2.1, the rule ATTRNAME of RFC 7644 section 3.4.2.2.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{self, Decode, DecodeError};

/// A name that follows ATTRNAME, in the spelling in which it was written. Comparisons ignore case.
///
/// `$ref` is the only registered name that the rule does not cover, so a name may begin with `$`.
#[derive(Clone, Debug)]
pub struct AttributeName(String);

impl AttributeName {
    /// Returns the name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not an attribute name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an attribute name")]
pub struct NotAName;

impl FromStr for AttributeName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let bare = text.strip_prefix('$').unwrap_or(text);
        let begins = bare.starts_with(|c: char| c.is_ascii_alphabetic());
        let continues =
            bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'$' | b'-' | b'_'));
        if begins && continues { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }
}

impl PartialEq for AttributeName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for AttributeName {}

impl PartialEq<str> for AttributeName {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialOrd for AttributeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AttributeName {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |name: &Self| name.0.to_ascii_lowercase();
        lower(self).cmp(&lower(other))
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for AttributeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Decode for AttributeName {
    fn initial() -> Self {
        Self(String::new())
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let text: String = json::from_value(value)?;
        let wrong = |_| DecodeError::new(format!("`{text}` is not an attribute name"));
        *self = text.parse().map_err(wrong)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        for good in ["userName", "$ref", "x509Certificates", "a-b_c$"] {
            assert!(good.parse::<AttributeName>().is_ok(), "{good}");
        }
        for bad in ["", "$", "2a", "a.b", "a b", "ä", "-a", "$$ref"] {
            assert!(bad.parse::<AttributeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!("userName".parse::<AttributeName>(), "USERNAME".parse());
    }
}
