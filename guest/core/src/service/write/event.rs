//! The events of the feed: RFC 9967 section 2.4, in *notice* mode. They contain names of attributes
//! and users' ids but no values, so that a subscriber learns what to read, and not its content.

use serde_json::{Value, json};

use crate::etag;
use crate::store::{Channel, Event, Key, Write};

const PROVISIONING: &str = "urn:ietf:params:scim:event:prov:";

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
    named(&format!("{PROVISIONING}{step}:notice"), Some(subject), &data)
}

/// Returns the event of a deleted resource (RFC 9967 section 2.4.4).
#[must_use]
pub fn delete(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}delete"), Some(subject), &json!({}))
}

/// Returns the event of an activated account (RFC 9967 section 2.4.5).
#[must_use]
pub fn activate(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}activate"), Some(subject), &json!({}))
}

/// Returns the event of a deactivated account (RFC 9967 section 2.4.6).
#[must_use]
pub fn deactivate(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}deactivate"), Some(subject), &json!({}))
}

/// Returns an event that the RFC does not define. INVARIANT: `data` contains no personal values.
#[must_use]
pub fn named(name: &str, subject: Option<&Key>, data: &Value) -> Write {
    Write::Append(Event {
        channel: Channel::Feed,
        name: name.to_owned(),
        subject: subject.cloned(),
        body: data.to_string(),
    })
}
