//! The digest chain over a tenant's events. Every store computes it here, and so does whoever
//! verifies it: a changed, missing or reordered event shows, while `redact` may empty a body
//! without breaking the chain.

use sha2::{Digest as _, Sha256};

use super::{Channel, Event, RecordedEvent};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// What stands for the previous digest before a tenant's first event.
pub const START: Digest = [0; 32];

/// The digest of an event's body as it was appended.
pub fn body_digest(body: &str) -> Digest {
    Sha256::digest(body.as_bytes()).into()
}

/// The event as a store records it behind the one with the digest `previous`.
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

/// The digest that `event` must have behind the one with the digest `previous`: SHA-256 over
/// `previous`, the number and the time (8 bytes each, big endian), the channel (1 byte: feed 0,
/// audit 1), actor and name, the subject (1 byte: 0 for none, or 1 and then kind and id), and the
/// body's digest. A text is its length in bytes (8 bytes, big endian) and then its UTF-8, so that
/// no two events read the same.
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

/// Whether `event` is intact and stands rightly behind the one with the digest `previous`. An
/// emptied body is intact.
pub fn holds(previous: &Digest, event: &RecordedEvent) -> bool {
    let body = event.event.body.as_str();
    let untouched = body.is_empty() || body_digest(body) == event.body_digest;
    untouched && digest(previous, event) == event.digest
}

/// Whether the event's body is gone: it is empty, and was not when it was appended.
pub fn is_emptied(event: &RecordedEvent) -> bool {
    event.event.body.is_empty() && event.body_digest != body_digest("")
}
