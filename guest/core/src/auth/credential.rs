//! The format and the stored form of clients' secrets.
//!
//! A secret is `scimlet_TENANT_ID_SECRET`: a prefix that secret scanners find, the tenant for
//! shared URLs, the credential's id for its only look-up, and in base32 256 random bits with a
//! CRC-32 over everything before it, so that a mistyped secret is refused without a look-up. Only
//! its SHA-256 is stored: for 256 random bits no slower hash is needed. Bearers present it whole
//! (RFC 6750); for Basic (RFC 7617) the last `_` separates user name and password.

use std::borrow::Cow;

use base32ct::{Base32Unpadded, Encoding as _};
use base64ct::{Base64, Encoding as _};
use crc::{CRC_32_ISO_HDLC, Crc, Table};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Scopes;
use crate::json;
use crate::port::Ports;
use crate::profile::Scheme;
use crate::store::Key;

const PREFIX: &str = "scimlet_";
/// Random bytes in a secret.
const SECRET_BYTES: usize = 32;

/// A credential as stored in the entry `$credential/ID`. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// The tenant's name, for new secrets.
    pub tenant: String,
    /// A label for operators.
    pub label: String,
    /// How clients present it.
    pub scheme: Scheme,
    /// Its scopes.
    pub scopes: Scopes,
    /// The profile's role that it is bound to.
    pub role: Option<String>,
    /// The id of the group that users created with it are added to.
    pub target_group: Option<String>,
    /// SHA-256 of the secret, in hexadecimal.
    pub digest: String,
    /// The previous secret, while it remains valid after a rotation.
    pub previous: Option<Previous>,
    /// Lifetime of each secret, in milliseconds; `None` if it does not expire.
    pub lifetime: Option<u64>,
    /// When the current secret expires.
    pub expires: Option<u64>,
    /// Whether an event has announced the expiry.
    pub announced: bool,
    /// When it was revoked.
    pub revoked: Option<u64>,
}

json::decode_struct!(open Credential {
    tenant: "tenant",
    label: "label",
    scheme: "scheme",
    scopes: "scopes",
    role: "role",
    target_group: "target_group",
    digest: "digest",
    previous: "previous",
    lifetime: "lifetime",
    expires: "expires",
    announced: "announced",
    revoked: "revoked",
});

/// A secret that was replaced by a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previous {
    /// SHA-256 of the secret, in hexadecimal.
    pub digest: String,
    /// When it ceases to be valid.
    pub until: u64,
}

json::decode_struct!(open Previous {
    digest: "digest",
    until: "until",
});

/// A secret that is well-formed, but not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The tenant named in it.
    pub tenant: String,
    /// The id of the credential named in it.
    pub id: String,
    /// How it was presented.
    pub scheme: Scheme,
    digest: String,
}

/// Returns the key of a credential's entry.
#[must_use]
pub fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

/// Returns the key of the entry that records a credential's last use. It is separate so that
/// recording a use does not make commits that expect the credential stale.
#[must_use]
pub fn used_key(id: &str) -> Key {
    Key::new("$used", id)
}

/// The kind of the entries of credentials.
pub const KIND: &str = "$credential";

/// Returns whether a text is a valid tenant name: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
#[must_use]
pub fn is_tenant_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

/// Returns a new credential id: 40 random bits in base32.
#[must_use]
pub fn new_id(ports: &Ports<'_>) -> String {
    lower(&ports.random_bytes::<5>())
}

/// Returns a new secret for this tenant and credential.
#[must_use]
pub fn new_secret(ports: &Ports<'_>, tenant: &str, id: &str) -> String {
    let secret: [u8; SECRET_BYTES] = ports.random_bytes();
    let head = format!("{PREFIX}{tenant}_{id}_");
    let sum = checksum(&head, &secret);
    format!("{head}{}", lower(&[secret.as_slice(), &sum].concat()))
}

/// Returns the SHA-256 of a secret, in hexadecimal.
#[must_use]
pub fn digest(secret: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(secret.as_bytes()))
}

/// Splits a secret into user name and password for Basic.
#[must_use]
pub fn pair(secret: &str) -> (&str, &str) {
    secret.rsplit_once('_').unwrap_or(("", secret))
}

/// Returns the secret in an Authorization header; `None` if it is not well-formed.
#[must_use]
pub fn presented(authorization: &str) -> Option<Presented> {
    let (name, given) = authorization.trim().split_once(' ')?;
    let (scheme, text) = match name.to_ascii_lowercase().as_str() {
        "bearer" => (Scheme::Bearer, Cow::Borrowed(given.trim())),
        "basic" => (Scheme::Basic, Cow::Owned(basic(given.trim())?)),
        _ => return None,
    };
    let mut parts = text.strip_prefix(PREFIX)?.split('_');
    let (tenant, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = Base32Unpadded::decode_vec(&encoded.to_ascii_lowercase()).ok()?;
    let (secret, sum) = decoded.split_at_checked(SECRET_BYTES)?;
    let head = text.strip_suffix(encoded)?;
    let whole = parts.next().is_none() && is_tenant_name(tenant) && sum == checksum(head, secret);
    whole.then(|| Presented {
        tenant: tenant.to_owned(),
        id: id.to_owned(),
        scheme,
        digest: digest(&text),
    })
}

/// Returns the secret of a user name and password for Basic.
fn basic(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(Base64::decode_vec(encoded).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some(format!("{name}_{password}"))
}

impl Presented {
    /// Returns whether the secret has this digest, in constant time.
    #[must_use]
    pub fn matches(&self, kept: &str) -> bool {
        self.digest.as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

fn checksum(head: &str, secret: &[u8]) -> [u8; 4] {
    static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
    let mut sum = CRC.digest();
    sum.update(head.as_bytes());
    sum.update(secret);
    sum.finalize().to_be_bytes()
}

fn lower(bytes: &[u8]) -> String {
    Base32Unpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> String {
        let secret = [7; SECRET_BYTES];
        let head = "scimlet_demo_abcdefgh_";
        format!("{head}{}", lower(&[secret.as_slice(), &checksum(head, &secret)].concat()))
    }

    #[test]
    fn a_secret_says_whose_it_is() {
        let header = format!("Bearer {}", secret());
        let presented = presented(&header).unwrap();
        assert_eq!((presented.tenant.as_str(), presented.id.as_str()), ("demo", "abcdefgh"));
        assert!(presented.matches(&digest(&secret())));
        assert!(!presented.matches(&digest("another")));
    }

    #[test]
    fn a_mistyped_secret_is_none() {
        let good = secret();
        for bad in [
            good.replace("demo", "dema"),
            good.replace("abcdefgh", "abcdefgi"),
            good.replace("scimlet_", ""),
            format!("{good}a"),
            format!("{good}_a"),
            good[..good.len() - 2].to_owned(),
        ] {
            assert_eq!(presented(&format!("Bearer {bad}")), None, "{bad}");
        }
        assert!(presented(&format!("bearer  {good}")).is_some());
        assert_eq!(presented(&format!("Basic {good}")), None);
    }

    #[test]
    fn a_pair_is_the_same_secret() {
        let good = secret();
        let (name, password) = pair(&good);
        let basic =
            |text: &str| presented(&format!("Basic {}", Base64::encode_string(text.as_bytes())));
        let presented = basic(&format!("{name}:{password}")).unwrap();
        assert_eq!((presented.tenant.as_str(), presented.scheme), ("demo", Scheme::Basic));
        assert!(presented.matches(&digest(&good)));
        assert_eq!(basic(&format!("{name}:{password}x")), None);
        assert_eq!(basic(&good), None);
    }
}
