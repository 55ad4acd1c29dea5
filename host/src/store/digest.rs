//! The digest of a stored body, which finds that the disk, the memory or the database's own file
//! gave back something else than was written: XXH3 with 64 bits (<https://xxhash.com>), which costs
//! a third of an instruction for each byte where SHA-256 costs thirty. Whoever changes a body on
//! purpose can make a digest for it; that is what the chain of events is for.
//!
//! Beside a digest stands the version that its body was written with, and moves along when a change
//! leaves the body alone. A scimlet from before there were digests moves neither, so that a row it
//! wrote counts as one without a digest and not as damaged.

use xxhash_rust::xxh3::xxh3_64;

use super::{Key, Refusal};

/// The digest of a body.
pub(super) fn of(body: &[u8]) -> i64 {
    xxh3_64(body).cast_signed()
}

/// A body as it was read, and what was written with it.
pub(super) struct Body<'a> {
    pub(super) text: &'a [u8],
    /// The entry's version.
    pub(super) version: i64,
    /// `None` in a row from before there were digests.
    pub(super) digest: Option<i64>,
    pub(super) digest_version: Option<i64>,
}

impl Body<'_> {
    /// Whether its digest is known.
    pub(super) fn has_digest(&self) -> bool {
        self.digest.is_some() && self.digest_version == Some(self.version)
    }

    /// Whether it is known to be another than was written.
    pub(super) fn is_damaged(&self) -> bool {
        let is_text = || std::str::from_utf8(self.text).is_ok();
        match self.has_digest() {
            true => self.digest != Some(of(self.text)),
            false => !is_text(),
        }
    }
}

/// What an operator is told of a damaged body.
#[derive(Debug, thiserror::Error)]
#[error("the stored body of {kind} `{id}` is not the one that was written")]
pub(super) struct Damage {
    kind: String,
    id: String,
}

impl Damage {
    pub(super) fn of(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Self {
        Self::Damaged(format!("{damage}: put the last backup in its place"))
    }
}

/// Where a look at all bodies has got to; before the first by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyPosition {
    pub(super) kind: i64,
    pub(super) seq: i64,
}

/// What a look at some bodies found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckedBodies {
    /// How many were compared with their digests.
    pub checked: u64,
    /// How many have no digest yet: they were written by a scimlet that made none.
    pub without_digest: u64,
    /// Whose body is another than was written.
    pub damaged: Vec<Key>,
    /// Where to go on; `None` behind the last.
    pub next: Option<BodyPosition>,
}

impl CheckedBodies {
    /// Counts one of them.
    pub(super) fn count(&mut self, body: &Body<'_>, key: impl FnOnce() -> Key) {
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

    /// With the digest of version 3.
    fn body(text: &[u8], version: i64, digest: Option<i64>) -> Body<'_> {
        Body {
            text,
            version,
            digest,
            digest_version: Some(3),
        }
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
            // Written by a scimlet that knows no digests.
            let is_text = std::str::from_utf8(&flipped).is_ok();
            assert_eq!(body(&flipped, 4, digest).is_damaged(), !is_text);
        }
    }
}
