//! Bearer secrets: how they look, and how they are kept.
//!
//! `scimlet_TENANT_ID_SECRET`: a prefix that scanners find, the tenant for shared URLs, the credential's id for its one look-up, and
//! in base32 256 random bits with a CRC-32 over everything before it, so that a mistyped secret is known without a look-up. Kept is
//! the SHA-256 alone: of 256 random bits no slower hash is needed.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::port::Ports;
use crate::store::Key;

const PREFIX: &str = "scimlet_";
/// The secret proper.
const SECRET_BYTES: usize = 32;

/// A credential as the store keeps it, in the entry `$credential/ID`. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The tenant's name, for new secrets.
    pub tenant: String,
    /// For the operator's eyes.
    pub label: String,
    /// How clients present it: `bearer`.
    pub scheme: String,
    /// SHA-256 of the secret as it is presented, in hexadecimal digits.
    pub digest: String,
    /// How long each secret lives, in milliseconds.
    pub lifetime: Option<u64>,
    /// When the present secret expires.
    pub expires: Option<u64>,
    /// When it was revoked.
    pub revoked: Option<u64>,
    /// What it is good for, of [`SCOPES`]; empty for everything but `events`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// What a credential may be limited to.
pub const SCOPES: [&str; 5] = ["read-only", "users", "groups", "bulk", EVENTS];
/// The scope that lets read the feed of events. No credential has it without being told.
pub const EVENTS: &str = "events";

/// A secret that has the right form; whether it is good is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented<'a> {
    /// The tenant that it claims.
    pub tenant: &'a str,
    /// The credential that it claims.
    pub id: &'a str,
    text: &'a str,
}

/// Where a credential is kept.
#[must_use]
pub fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

/// The kind of credentials' entries.
pub const KIND: &str = "$credential";

/// Whether a tenant may be called so: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
#[must_use]
pub fn is_tenant_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

/// A new credential id: 40 random bits in base32.
#[must_use]
pub fn new_id(ports: &Ports<'_>) -> String {
    lower(&ports.random_bytes::<5>())
}

/// A new secret for this tenant and credential.
#[must_use]
pub fn new_secret(ports: &Ports<'_>, tenant: &str, id: &str) -> String {
    let secret: [u8; SECRET_BYTES] = ports.random_bytes();
    let head = format!("{PREFIX}{tenant}_{id}_");
    let sum = checksum(&head, &secret);
    format!("{head}{}", lower(&[secret.as_slice(), &sum].concat()))
}

/// What is kept of a secret.
#[must_use]
pub fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// The secret of an Authorization header of the scheme Bearer (RFC 6750 section 2.1), if it has the right form.
#[must_use]
pub fn presented(authorization: &str) -> Option<Presented<'_>> {
    let (scheme, text) = authorization.trim().split_once(' ')?;
    let text = text.trim();
    let rest = text
        .strip_prefix(PREFIX)
        .filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
    let mut parts = rest.split('_');
    let (tenant, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = BASE32_NOPAD
        .decode(encoded.to_ascii_uppercase().as_bytes())
        .ok()?;
    let (secret, sum) = decoded.split_at_checked(SECRET_BYTES)?;
    let head = text.strip_suffix(encoded)?;
    let whole = parts.next().is_none() && is_tenant_name(tenant) && sum == checksum(head, secret);
    whole.then_some(Presented { tenant, id, text })
}

impl Presented<'_> {
    /// Whether it is the secret of which this digest was kept; takes as long whatever the answer.
    #[must_use]
    pub fn matches(&self, kept: &str) -> bool {
        digest(self.text).as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

fn checksum(head: &str, secret: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(head.as_bytes());
    sum.update(secret);
    sum.finalize().to_be_bytes()
}

fn lower(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> String {
        let secret = [7; SECRET_BYTES];
        let head = "scimlet_demo_abcdefgh_";
        format!(
            "{head}{}",
            lower(&[secret.as_slice(), &checksum(head, &secret)].concat())
        )
    }

    #[test]
    fn a_secret_says_whose_it_is() {
        let header = format!("Bearer {}", secret());
        let presented = presented(&header).unwrap();
        assert_eq!((presented.tenant, presented.id), ("demo", "abcdefgh"));
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
}
