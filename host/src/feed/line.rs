//! The JSON form of an event, which is used on the command line, over HTTP and for webhooks.

use serde::Serialize;
use serde_json::Value;

use super::position::event_id;
use crate::store::{Channel, Key, RecordedEvent};

/// An event as one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// The event's permanent id: its sequence number and the beginning of its digest. A follower
    /// continues from it, and it is the `webhook-id` of deliveries.
    pub id: String,
    /// The sequence number: counts from 1 in each tenant, over both channels.
    pub sequence: u64,
    /// The time of the commit in seconds since 1970.
    pub at: f64,
    /// The actor: a credential's id, or `admin`, `host`, `client:NAME`, `user:ID`.
    pub actor: String,
    /// `feed` or `audit`.
    pub channel: &'static str,
    /// An event URI of RFC 9967, or a plain name.
    pub name: String,
    /// The path of the resource, relative to the SCIM base URL (RFC 9967 section 2.1).
    pub subject: Option<String>,
    /// The event's payload; null if it was redacted when the person was erased.
    pub data: Value,
}

impl From<&RecordedEvent> for Line {
    fn from(recorded: &RecordedEvent) -> Self {
        let event = &recorded.event;
        #[allow(clippy::cast_precision_loss, reason = "milliseconds fit for millennia")]
        let at = recorded.at as f64 / 1000.0;
        Self {
            id: event_id(recorded.sequence, &recorded.digest),
            sequence: recorded.sequence,
            at,
            actor: recorded.actor.clone(),
            channel: match event.channel {
                Channel::Feed => "feed",
                Channel::Audit => "audit",
            },
            name: event.name.clone(),
            subject: event.subject.as_ref().map(subject),
            data: serde_json::from_str(&event.body).unwrap_or_default(),
        }
    }
}

impl Line {
    /// Returns the line as JSON without a line break.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Returns the path of a resource relative to the SCIM base URL. For kinds other than those of RFC
/// 7643, the host does not know the endpoint and uses the kind.
#[must_use]
pub fn subject(key: &Key) -> String {
    let endpoint = match key.kind.as_str() {
        "User" => "Users",
        "Group" => "Groups",
        other => other,
    };
    format!("/{endpoint}/{}", key.id)
}
