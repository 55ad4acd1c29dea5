//! The hash chain over a tenant's events. Stores compute it and verifiers check it with these
//! functions: a changed, missing or reordered event shows, while `redact` may empty a body without
//! breaking the chain.

use sha2::{Digest as _, Sha256};

use crate::{Channel, Event, RecordedEvent};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The previous digest of a tenant's first event.
pub const START: Digest = [0; 32];

/// Returns the digest of an event's body as it was appended.
#[must_use]
pub fn body_digest(body: &str) -> Digest {
    Sha256::digest(body.as_bytes()).into()
}

/// Returns the event as a store records it after the event with the digest `previous`.
#[must_use]
pub fn record(
    previous: &Digest,
    sequence: u64,
    at: u64,
    actor: &str,
    event: Event,
) -> RecordedEvent {
    let mut recorded = RecordedEvent {
        sequence,
        at,
        actor: actor.to_owned(),
        body_digest: body_digest(&event.body),
        event,
        digest: START,
    };
    recorded.digest = digest(previous, &recorded);
    recorded
}

/// Returns the digest of `event` after the event with the digest `previous`: SHA-256 over
/// `previous`, sequence number and time (8 bytes each, big-endian), the channel (1 byte: feed 0,
/// audit 1), actor and name, the subject (1 byte: 0 for none, or 1 followed by kind and id), and
/// the body's digest. A text is its length in bytes (8 bytes, big-endian) followed by its UTF-8, so
/// that no two different events are hashed from the same bytes.
#[must_use]
pub fn digest(previous: &Digest, event: &RecordedEvent) -> Digest {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(event.sequence.to_be_bytes());
    hash.update(event.at.to_be_bytes());
    hash.update([match event.event.channel {
        Channel::Feed => 0u8,
        Channel::Audit => 1,
    }]);
    text(&mut hash, &event.actor);
    text(&mut hash, &event.event.name);
    match &event.event.subject {
        None => hash.update([0u8]),
        Some(key) => {
            hash.update([1u8]);
            text(&mut hash, &key.kind);
            text(&mut hash, &key.id);
        }
    }
    hash.update(event.body_digest);
    hash.finalize().into()
}

fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

/// Returns whether `event` is intact and correctly follows the event with the digest `previous`. A
/// redacted body is intact.
#[must_use]
pub fn holds(previous: &Digest, event: &RecordedEvent) -> bool {
    let body = event.event.body.as_str();
    let untouched = body.is_empty() || body_digest(body) == event.body_digest;
    untouched && digest(previous, event) == event.digest
}

/// Returns whether the event's body was redacted: it is empty now, and was not when appended.
#[must_use]
pub fn is_emptied(event: &RecordedEvent) -> bool {
    event.event.body.is_empty() && event.body_digest != body_digest("")
}
