//! Cursors (RFC 9865): the position at which a list continues, encrypted and authenticated so that
//! a client can neither read nor forge one. The service stores nothing per cursor. A cursor is
//! valid only for the tenant whose key sealed it and for the query it was sealed with.

mod binding;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde_json::Value;

pub use self::binding::{Binding, BoundQuery};
use crate::json::{self, Decode, DecodeError};
use crate::sort::SortKey;

/// Bytes of a tenant's cursor key.
pub const KEY_BYTES: usize = 32;
/// Bytes of the random nonce in each cursor.
pub const NONCE_BYTES: usize = 24;

/// The content of a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// When the cursor expires, in milliseconds since 1970.
    pub expires: u64,
    /// Resources on each page.
    pub count: usize,
    /// How many resources matched when the first page was made; `None` if unknown.
    pub total: Option<u64>,
    /// For each resource type, where its hits continue.
    pub marks: Vec<Mark>,
}

json::decode_struct!(open Cursor {
    expires: "expires",
    count: "count",
    total: "total",
    marks: "marks",
});

/// Where the hits of one resource type continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Mark {
    /// At the beginning.
    Start,
    /// After the hit that had this position in the store.
    After(String),
    /// After this position in an order that core computes itself.
    Behind(SortPosition),
    /// No hits are left.
    Done,
}

impl Decode for Mark {
    fn initial() -> Self {
        Self::Start
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let (name, content) = json::variant(value)?;
        *self = match name.as_str() {
            "Start" => Self::Start,
            "After" => Self::After(json::from_value(content)?),
            "Behind" => Self::Behind(json::from_value(content)?),
            "Done" => Self::Done,
            _ => return Err(DecodeError::new("it is no mark")),
        };
        Ok(())
    }
}

/// A resource's position in an order that core computes itself; ties are ordered by creation time,
/// then id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SortPosition {
    /// The sort key; `None` if the resource has no value.
    pub key: Option<SortKey>,
    /// Creation time, in milliseconds since 1970.
    pub created: u64,
    /// The resource's id.
    pub id: String,
}

json::decode_struct!(open SortPosition {
    key: "key",
    created: "created",
    id: "id",
});

/// Returns the cursor as text for the client, made of unreserved characters only (RFC 9865 table
/// 1). `query` is what it is bound to; `nonce` must be random.
#[must_use]
pub fn seal(
    cursor: &Cursor,
    key: &[u8; KEY_BYTES],
    nonce: [u8; NONCE_BYTES],
    query: &[u8],
) -> Option<String> {
    let msg = serde_json::to_vec(cursor).ok()?;
    let payload = Payload { msg: &msg, aad: query };
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
    Some(Base64UrlUnpadded::encode_string(&[nonce.as_slice(), &sealed].concat()))
}

/// Decodes a cursor; `None` if it was not sealed with this key for this query.
#[must_use]
pub fn open(text: &str, key: &[u8; KEY_BYTES], query: &[u8]) -> Option<Cursor> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload { msg: sealed, aad: query };
    let cipher = XChaCha20Poly1305::new(key.into());
    let msg = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    json::from_str(std::str::from_utf8(&msg).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
    const NONCE: [u8; NONCE_BYTES] = [9; NONCE_BYTES];

    fn cursor() -> Cursor {
        let place =
            SortPosition { key: Some(SortKey::Number(u64::MAX, -1)), created: 1, id: "b".into() };
        let marks =
            vec![Mark::Start, Mark::After("row 4711".into()), Mark::Behind(place), Mark::Done];
        Cursor { expires: 5, count: 2, total: Some(9), marks }
    }

    #[test]
    fn a_cursor_survives_its_text() {
        let text = seal(&cursor(), &KEY, NONCE, b"q").unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
        assert_eq!(open(&text, &KEY, b"q"), Some(cursor()));
    }

    #[test]
    fn another_query_and_another_tenant_cannot_open_it() {
        let text = seal(&cursor(), &KEY, NONCE, b"q").unwrap();
        assert_eq!(open(&text, &KEY, b"r"), None);
        assert_eq!(open(&text, &[8; KEY_BYTES], b"q"), None);
    }

    #[test]
    fn a_changed_one_is_none() {
        let text = seal(&cursor(), &KEY, NONCE, b"q").unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open(std::str::from_utf8(&changed).unwrap(), &KEY, b"q"), None, "{at}");
            assert_eq!(open(&text[..at], &KEY, b"q"), None, "{at}");
        }
        assert_eq!(open(&format!("{text}AAAA"), &KEY, b"q"), None);
    }

    #[test]
    fn nothing_of_it_can_be_read() {
        let text = seal(&cursor(), &KEY, NONCE, b"q").unwrap();
        let bytes = Base64UrlUnpadded::decode_vec(&text).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("4711"));
        assert!(!bytes.windows(4).any(|part| part == b"4711"));
    }
}
