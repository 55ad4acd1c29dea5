//! The events of the feed: RFC 9967 section 2.4, in *notice* mode. They name attributes and persons' ids and never a value, so
//! that whoever may follow the feed learns what to read, and not what stands there.

use serde_json::{Value, json};

use crate::etag;
use crate::store::{Channel, Event, Key, Write};

const PROVISIONING: &str = "urn:ietf:params:scim:event:prov:";

/// What changed a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// RFC 9967 section 2.4.1.
    Create,
    /// RFC 9967 section 2.4.2.
    Patch,
    /// RFC 9967 section 2.4.3.
    Put,
}

/// A resource was created or changed: the paths of the attributes, and the version that the change leads to, if it can be known
/// before the commit (RFC 9967 section 2.2).
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

/// A resource was deleted (RFC 9967 section 2.4.4).
#[must_use]
pub fn delete(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}delete"), Some(subject), &json!({}))
}

/// An account is ready for use (RFC 9967 section 2.4.5).
#[must_use]
pub fn activate(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}activate"), Some(subject), &json!({}))
}

/// An account is disabled (RFC 9967 section 2.4.6).
#[must_use]
pub fn deactivate(subject: &Key) -> Write {
    named(&format!("{PROVISIONING}deactivate"), Some(subject), &json!({}))
}

/// Something that the RFC has no name for. INVARIANT: `data` holds no personal values.
#[must_use]
pub fn named(name: &str, subject: Option<&Key>, data: &Value) -> Write {
    Write::Append(Event {
        channel: Channel::Feed,
        name: name.to_owned(),
        subject: subject.cloned(),
        body: data.to_string(),
    })
}
