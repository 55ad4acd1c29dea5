//! Recently verified credentials. A request with one of them is counted and its body read at once;
//! other requests are first checked by their headers. The guest checks the credential of every
//! request again: an entry here grants no access.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::AUTHORIZATION;
use hashlink::LruCache;
use sha2::{Digest as _, Sha256};

/// The most credentials that are remembered.
const CREDENTIALS: usize = 1 << 14;
/// How long a credential counts as verified.
const REMEMBERED: Duration = Duration::from_secs(60);

/// SHA-256 of a tenant's name and an Authorization header.
pub(super) type Digest = [u8; 32];

/// Digests of verified credentials with the time of verification.
pub(super) struct VerifiedCredentials(Mutex<LruCache<Digest, Instant>>);

impl Default for VerifiedCredentials {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CREDENTIALS)))
    }
}

impl VerifiedCredentials {
    /// Returns the digest of a request's credential; `None` unless there is exactly one
    /// Authorization header.
    pub(super) fn digest(tenant: &str, headers: &[(String, String)]) -> Option<Digest> {
        let mut given = headers.iter().filter(|(name, _)| name == AUTHORIZATION.as_str());
        let ((_, value), None) = (given.next()?, given.next()) else {
            return None;
        };
        let digest = Sha256::new().chain_update(tenant).chain_update([0]);
        Some(digest.chain_update(value).finalize().into())
    }

    /// Returns whether the credential was verified within the last minute.
    pub(super) fn contains(&self, digest: &Digest, now: Instant) -> bool {
        let at = self.known().get(digest).copied();
        at.is_some_and(|at| now.duration_since(at) < REMEMBERED)
    }

    /// Records a verified credential.
    pub(super) fn insert(&self, digest: Digest, now: Instant) {
        self.known().insert(digest, now);
    }

    /// Forgets a credential that was refused.
    pub(super) fn remove(&self, digest: &Digest) {
        self.known().remove(digest);
    }

    fn known(&self) -> MutexGuard<'_, LruCache<Digest, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> (String, String) {
        ("authorization".to_owned(), value.to_owned())
    }

    #[test]
    fn a_credential_is_known_to_its_tenant_for_a_minute() {
        let (known, now) = (VerifiedCredentials::default(), Instant::now());
        let headers = [header("Bearer a")];
        let digest = VerifiedCredentials::digest("acme", &headers).unwrap();
        assert!(!known.contains(&digest, now));
        known.insert(digest, now);
        assert!(known.contains(&digest, now + Duration::from_secs(59)));
        assert!(!known.contains(&digest, now + Duration::from_secs(60)));
        assert_ne!(VerifiedCredentials::digest("other", &headers), Some(digest));
        assert_ne!(VerifiedCredentials::digest("acme", &[header("Bearer b")]), Some(digest));
        known.remove(&digest);
        assert!(!known.contains(&digest, now));
    }

    #[test]
    fn two_headers_are_no_credential() {
        let headers = [header("Bearer a"), header("Bearer b")];
        assert_eq!(VerifiedCredentials::digest("acme", &headers), None);
        assert_eq!(VerifiedCredentials::digest("acme", &[]), None);
    }
}
