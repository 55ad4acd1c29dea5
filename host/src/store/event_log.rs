//! [`EventLog`]: a tenant's events as they are read, for the feed, for webhooks and for audits.

use async_trait::async_trait;

use super::{Event, Refusal, hash_chain};

/// The events that a tenant's commits have appended. The component writes them with
/// [`Write::Append`](super::Write::Append) and cannot read them; the event feed, webhooks and the
/// verification of the hash chain do.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Returns the tenant's events with sequence numbers above `after`, in order: at most `limit`,
    /// and at least one if there is one. Only an empty answer means that no more follow.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal>;

    /// Returns the end of the event log as the store records it apart from the events, so that a
    /// truncated log shows.
    async fn head(&self) -> Result<ChainHead, Refusal>;
}

/// The end of a tenant's hash chain of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The sequence number of the last event; 0 before the first.
    pub sequence: u64,
    /// The digest of the last event; [`hash_chain::START`] before the first.
    pub digest: hash_chain::Digest,
}

impl ChainHead {
    /// The end of a log without events.
    pub const START: Self = Self { sequence: 0, digest: hash_chain::START };
}

/// An event as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Counts from 1 in each tenant, without gaps, in commit order.
    pub sequence: u64,
    /// The time of its commit in milliseconds since 1970: later than that of every commit that a
    /// reader may have seen without this one.
    pub at: u64,
    /// The id of the actor that caused the event.
    pub actor: String,
    /// The event that the guest appended. Its body is empty after a `redact`.
    pub event: Event,
    /// SHA-256 of the body as it was appended. It stays when the body is redacted.
    pub body_digest: hash_chain::Digest,
    /// SHA-256 over the previous event's digest and this event, as [`hash_chain::digest`] computes
    /// it.
    pub digest: hash_chain::Digest,
}
