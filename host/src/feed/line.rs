//! The JSON form of an event, which is used on the command line, over HTTP and for webhooks.

use serde::Serialize;
use serde_json::Value;

use super::position::event_id;
use crate::store::{Channel, Event, RecordedEvent};

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
    /// The event's payload without the path; null if it was redacted when the person was erased.
    pub data: Value,
}

impl From<&RecordedEvent> for Line {
    fn from(recorded: &RecordedEvent) -> Self {
        let event = &recorded.event;
        let (subject, data) = split(event);
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
            subject,
            data,
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

/// Returns the path of the resource that an event is about, relative to the SCIM base URL; `None`
/// if it is about none.
#[cfg(feature = "webhooks")]
pub(crate) fn subject(event: &Event) -> Option<String> {
    split(event).0
}

/// Returns the path of an event's subject, and the rest of its body. The plugin writes the path
/// into the body, as only it knows the endpoints of the tenant's resource types. Two kinds of
/// events have none: those that earlier versions stored, and those whose bodies an erasure emptied.
/// For these it is made from the subject's kind, with the endpoints of RFC 7644 section 3.2 for
/// users and groups. Subjects that are no resources, such as credentials, have a path in this form
/// too.
fn split(event: &Event) -> (Option<String>, Value) {
    let mut data: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let Some(key) = &event.subject else {
        return (None, data);
    };
    let written = data.as_object_mut().and_then(|data| data.remove("path"));
    let path = written.as_ref().and_then(Value::as_str).map(ToOwned::to_owned);
    let path = path.unwrap_or_else(|| match key.kind.as_str() {
        "User" => format!("/Users/{}", key.id),
        "Group" => format!("/Groups/{}", key.id),
        kind => format!("/{kind}/{}", key.id),
    });
    (Some(path), data)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Key;

    #[test]
    fn events_without_a_path_have_one_by_their_kind() {
        let event = |kind: &str, body: &str| Event {
            channel: Channel::Feed,
            name: "delete".to_owned(),
            subject: Some(Key { kind: kind.to_owned(), id: "1".to_owned() }),
            body: body.to_owned(),
        };
        for (kind, body, path, data) in [
            ("Device", r#"{"path":"/Devices/1","a":2}"#, "/Devices/1", json!({"a": 2})),
            ("User", r#"{"a":2}"#, "/Users/1", json!({"a": 2})),
            ("Group", "{}", "/Groups/1", json!({})),
            ("User", "", "/Users/1", Value::Null),
            ("$credential", "{}", "/$credential/1", json!({})),
        ] {
            assert_eq!(split(&event(kind, body)), (Some(path.to_owned()), data), "{body}");
        }
        let about_none = Event { subject: None, ..event("User", r#"{"path":"/Users"}"#) };
        assert_eq!(split(&about_none), (None, json!({"path": "/Users"})));
    }
}
