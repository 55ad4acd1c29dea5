//! The tenant's own secret: the key that seals cursors. `admin.configure` creates it, and it is
//! read only when a cursor is used.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::Session;
use crate::cursor::KEY_BYTES;
use crate::error::Error;
use crate::port::Ports;
use crate::store::Key;

/// Returns the key of its entry.
pub(super) fn key() -> Key {
    Key::new("$secret", "cursor")
}

/// Returns the body of an entry with a new secret.
pub(super) fn fresh(ports: &Ports<'_>) -> String {
    Base64UrlUnpadded::encode_string(&ports.random_bytes::<KEY_BYTES>())
}

/// Returns the secret of the session's tenant.
pub(super) fn load(session: &Session<'_>) -> Result<[u8; KEY_BYTES], Error> {
    let found = session.ports.store.get(vec![key()])?;
    let entry = found.into_iter().next().flatten();
    let entry = entry.ok_or_else(|| {
        Error::internal("the tenant has no `$secret/cursor`; its profile has to be set again")
    })?;
    let bytes = Base64UrlUnpadded::decode_vec(&entry.body).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Error::internal("`$secret/cursor` has a broken body"))
}
