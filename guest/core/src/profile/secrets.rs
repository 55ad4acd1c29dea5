//! What becomes of attributes that are written and never read.

use crate::json;

/// What a profile has done with secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// They are not kept.
    #[default]
    Discard,
    /// They are kept as Argon2id hashes in PHC string format, for the application to check
    /// passwords against.
    Hash,
}

json::decode_enum!(Secrets { Discard: "discard", Hash: "hash" });
