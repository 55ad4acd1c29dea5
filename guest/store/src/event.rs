//! Events of a tenant: as commits append them, and as a store records them (`wit/store.wit`).

use crate::{Key, hash_chain};

/// The log that an event belongs to. The events of both are numbered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Channel {
    /// Changes of resources, for the application and its webhooks.
    Feed,
    /// Records of what happened, for the operator.
    Audit,
}

/// An event that a commit appends. Body and name refer to persons only by id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub struct Event {
    /// The log that the event belongs to.
    pub channel: Channel,
    /// The event's name.
    pub name: String,
    /// The entry that the event is about.
    pub subject: Option<Key>,
    /// The body.
    pub body: String,
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
