//! The events of the feed: RFC 9967 section 2.4, in *notice* mode. They contain names of attributes
//! and users' ids but no values, so that a subscriber learns what to read, and not its content.

use serde_json::{Value, json};

use crate::etag;
use crate::registry::Registry;
use crate::store::{Channel, Event, Key, Write};

/// The prefix of the names that RFC 9967 gives.
pub const PROVISIONING: &str = "urn:ietf:params:scim:event:prov:";

/// The prefix of the kind of users that a client deleted and the product keeps. Events about them
/// have the path that they had.
pub const REMOVED: &str = "$removed/";

/// The audit's event of a user whom the product imported and a client took over.
pub const LINKED: &str = "user-linked";
/// The audit's event of a deactivated user whom a POST took over.
pub const RETURNED_ACTIVE: &str = "user-reactivated";
/// The audit's event of a user whom a client had deleted and a POST brought back.
pub const RETURNED: &str = "user-returned";

/// The kind of a change of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A creation: RFC 9967 section 2.4.1.
    Create,
    /// A PATCH: RFC 9967 section 2.4.2.
    Patch,
    /// A replacement: RFC 9967 section 2.4.3.
    Put,
}

/// Returns the event of a created or changed resource: the paths of its attributes, and the
/// resulting version if it can be known before the commit (RFC 9967 section 2.2).
#[must_use]
pub fn notice(
    step: ChangeKind,
    subject: &Key,
    attributes: &[String],
    version: Option<u64>,
) -> Write {
    let step = match step {
        ChangeKind::Create => "create",
        ChangeKind::Patch => "patch",
        ChangeKind::Put => "put",
    };
    let mut data = json!({ "attributes": attributes });
    if let (Some(data), Some(version)) = (data.as_object_mut(), version) {
        data.insert("version".into(), etag::format(version).into());
    }
    provisioned(&format!("{step}:notice"), subject, &data)
}

/// Returns the event of a deleted resource (RFC 9967 section 2.4.4).
#[must_use]
pub fn delete(subject: &Key) -> Write {
    provisioned("delete", subject, &json!({}))
}

/// Returns the event of an activated account (RFC 9967 section 2.4.5).
#[must_use]
pub fn activate(subject: &Key) -> Write {
    provisioned("activate", subject, &json!({}))
}

/// Returns the event of a deactivated account (RFC 9967 section 2.4.6).
#[must_use]
pub fn deactivate(subject: &Key) -> Write {
    provisioned("deactivate", subject, &json!({}))
}

fn provisioned(step: &str, subject: &Key, data: &Value) -> Write {
    named(&format!("{PROVISIONING}{step}"), Some(subject), data)
}

/// Returns an event that the RFC does not define. INVARIANT: `data` contains no personal values.
#[must_use]
pub fn named(name: &str, subject: Option<&Key>, data: &Value) -> Write {
    append(Channel::Feed, name, subject, data)
}

/// Returns the write that appends an event.
pub(super) fn append(channel: Channel, name: &str, subject: Option<&Key>, data: &Value) -> Write {
    let (name, subject) = (name.to_owned(), subject.cloned());
    Write::Append(Event { channel, name, subject, body: data.to_string() })
}

/// Adds the member `path` to the body of an event: the path of its subject relative to the SCIM
/// base URL (`uri` in RFC 9967 section 2.1). An embedder cannot know it, as the profile names the
/// endpoint of a type.
pub fn add_path(event: &mut Event, registry: &Registry) {
    let Some(key) = &event.subject else {
        return;
    };
    let name = key.kind.strip_prefix(REMOVED).unwrap_or(&key.kind);
    if let Some(resource_type) = registry.named(name) {
        let path = format!("{}/{}", resource_type.definition.endpoint, key.id);
        add_member(event, "path", &path);
    }
}

/// Adds a member to the body of an event, which does not have it.
pub fn add_member(event: &mut Event, name: &str, value: &str) {
    // Every body is an object.
    if let Some(members) = event.body.strip_prefix('{') {
        let comma = if members == "}" { "" } else { "," };
        event.body = format!("{{\"{name}\":{}{comma}{members}", Value::from(value));
    }
}
