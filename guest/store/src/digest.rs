//! The digest of a stored body, which detects that disk, memory or the database's file returned
//! other bytes than were written: XXH3 with 64 bits (<https://xxhash.com>), which costs a third of
//! an instruction per byte where SHA-256 costs thirty. It does not protect against deliberate
//! changes, for which a new digest can be computed; the hash chain of events does.
//!
//! A digest is stored with the version that its entry had then. A change that leaves the body as it
//! is raises both versions. An older scimlet, which knows no digests, raises only the entry's, so
//! that a row that it wrote counts as one without a digest and not as damaged.

use xxhash_rust::xxh3::xxh3_64;

use crate::{Key, Refusal};

/// Returns the digest of a body.
#[must_use]
pub fn of(body: &[u8]) -> i64 {
    xxh3_64(body).cast_signed()
}

/// A body as it was read, with the digest that was written with it.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The stored bytes, which a damaged body may have as no UTF-8.
    pub text: &'a [u8],
    /// The entry's version.
    pub version: i64,
    /// `None` in a row that was written before digests existed.
    pub digest: Option<i64>,
    /// The version that the entry had when the digest was written.
    pub digest_version: Option<i64>,
}

impl Body<'_> {
    /// Whether the digest belongs to this version of the body.
    #[must_use]
    pub fn has_digest(&self) -> bool {
        self.digest.is_some() && self.digest_version == Some(self.version)
    }

    /// Whether the body is known to differ from what was written.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        let is_text = || std::str::from_utf8(self.text).is_ok();
        match self.has_digest() {
            true => self.digest != Some(of(self.text)),
            false => !is_text(),
        }
    }
}

/// A damaged body, as reported to the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored body of {kind} `{id}` is not the one that was written")]
pub struct Damage {
    kind: String,
    id: String,
}

impl Damage {
    /// Returns the damage of the body of an entry.
    #[must_use]
    pub fn of(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_owned() }
    }
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Self {
        Self::Damaged(format!("{damage}: put the last backup in its place"))
    }
}

/// The position of a check of all bodies; the default is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyPosition {
    /// The row id of the kind.
    pub kind: i64,
    /// The row id of the last entry of the kind that was checked; 0 before the first.
    pub seq: i64,
}

/// The result of a check of some bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedBodies {
    /// The number of bodies that were compared with their digests.
    pub checked: u64,
    /// The number of bodies without a digest: an older scimlet wrote them.
    pub without_digest: u64,
    /// The entries whose bodies differ from what was written.
    pub damaged: Vec<Key>,
    /// The position to go on from; `None` after the last body.
    pub next: Option<BodyPosition>,
}

impl CheckedBodies {
    /// Counts one body; `key` returns the entry's name, which is asked for if the body is damaged.
    pub fn count(&mut self, body: &Body<'_>, key: impl FnOnce() -> Key) {
        match body.has_digest() {
            true => self.checked += 1,
            false => self.without_digest += 1,
        }
        if body.is_damaged() {
            self.damaged.push(key());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a body of the given version whose digest belongs to version 3.
    fn body(text: &[u8], version: i64, digest: Option<i64>) -> Body<'_> {
        Body { text, version, digest, digest_version: Some(3) }
    }

    #[test]
    fn each_flipped_bit_is_found() {
        let text = br#"{"userName":"ada"}"#;
        let digest = Some(of(text));
        assert!(!body(text, 3, digest).is_damaged());
        for bit in 0..text.len() * 8 {
            let mut flipped = text.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(body(&flipped, 3, digest).is_damaged(), "bit {bit}");
            // An older scimlet, which knows no digests, wrote this row.
            let is_text = std::str::from_utf8(&flipped).is_ok();
            assert_eq!(body(&flipped, 4, digest).is_damaged(), !is_text);
        }
    }
}
