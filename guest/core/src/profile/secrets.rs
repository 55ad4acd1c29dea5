//! A profile's rule for attributes that are written but never read.

use crate::json;

/// How secrets are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// They are not stored.
    #[default]
    Discard,
    /// They are stored as Argon2id hashes in PHC string format, so that the application can check
    /// passwords.
    Hash,
}

json::decode_enum!(Secrets { Discard: "discard", Hash: "hash" });
