//! The audit channel: events that are not changes of resources and must be traceable later. Changes
//! themselves are in the feed, which is part of the same hash chain. The store records actor and
//! time of each event.
//!
//! INVARIANT: of the text that a client sends, only ids and names of attributes that a schema
//! defines are recorded.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::event;
use crate::error::Error;
use crate::filter::Path;
use crate::json::member;
use crate::ordered::OrderedSet;
use crate::port::Level;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::service::RetryingSession;
use crate::store::{Channel, Key, Write};

/// The methods that an event may name. Others are text chosen by the client.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// Returns the event of an administrator's action, or another audit event.
#[must_use]
pub fn noted(name: &str, subject: Option<&Key>, data: &Value) -> Write {
    event::append(Channel::Audit, name, subject, data)
}

/// The attempt of an admitted client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt<'a> {
    /// The method as received.
    pub method: &'a str,
    /// The endpoint, if the service knows it: `/Users`, `/Bulk`, without an id.
    pub endpoint: Option<String>,
    /// The resource, if its id has the form of the service's ids.
    pub subject: Option<Key>,
    /// The attributes in the body that the schema defines.
    pub attributes: Vec<String>,
}

impl<'a> Attempt<'a> {
    /// An attempt on a resource type, or on one of its resources.
    #[must_use]
    pub fn on(
        method: &'a str,
        resource_type: &ResourceType,
        id: Option<&str>,
        body: Option<&Value>,
    ) -> Self {
        let ours = id.filter(|id| Uuid::try_parse(id).is_ok());
        Self {
            method,
            endpoint: Some(resource_type.definition.endpoint.clone()),
            subject: ours.map(|id| Key::new(resource_type.name(), id)),
            attributes: body.map(|body| attributes(resource_type, body)).unwrap_or_default(),
        }
    }

    /// Returns the event of the attempt's refusal.
    #[must_use]
    pub fn refused(&self, error: &Error) -> Write {
        let mut data = Map::new();
        let mut insert = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
        insert("status", error.kind.status().into());
        if let Some(scim_type) = error.kind.scim_type() {
            insert("scimType", scim_type.into());
        }
        if METHODS.contains(&self.method) {
            insert("method", self.method.into());
        }
        // The commit adds the path of a subject.
        if let (Some(endpoint), None) = (&self.endpoint, &self.subject) {
            insert("path", endpoint.clone().into());
        }
        if !self.attributes.is_empty() {
            insert("attributes", json!(self.attributes));
        }
        noted("refused", self.subject.as_ref(), &Value::Object(data))
    }
}

/// Returns whether a refusal with this status is recorded: any 403, and changes refused by another
/// client error. 401 is not recorded, since that client is unknown; the host counts those.
#[must_use]
pub fn is_kept(changing: bool, status: u16) -> bool {
    status == 403 || changing && status != 401 && (400..500).contains(&status)
}

/// Records refusals in a separate commit. Like every commit it expects the credential and profile
/// that admitted the client; if the credential was revoked meanwhile, nothing is recorded.
pub fn keep(visit: &mut RetryingSession<'_>, refusals: &[Write]) {
    if refusals.is_empty() {
        return;
    }
    let kept: Result<(), Error> = visit.attempts(|session| {
        let at = session.ports.clock.now();
        session.commit(at, refusals.to_vec())?;
        Ok(())
    });
    if let Err(error) = kept {
        let text = format!("a refusal is not in the audit: {error}");
        visit.session().note(Level::Error, "audit", &text);
    }
}

/// Returns the attributes of the type that the members of a resource, or the operations of a PATCH,
/// name.
fn attributes(resource_type: &ResourceType, body: &Value) -> Vec<String> {
    let Some(body) = body.as_object() else {
        return Vec::new();
    };
    let texts: Vec<&str> = match member(body, "Operations").and_then(Value::as_array) {
        Some(operations) => operations.iter().flat_map(named).collect(),
        None => body.keys().map(String::as_str).collect(),
    };
    let known =
        OrderedSet::from_iter(texts.into_iter().filter_map(|text| known(resource_type, text)));
    known.into_iter().collect()
}

/// Returns the names in an operation: from its path, or from the members of its value.
fn named(operation: &Value) -> Vec<&str> {
    let Some(operation) = operation.as_object() else {
        return Vec::new();
    };
    match (member(operation, "path"), member(operation, "value")) {
        (Some(Value::String(path)), _) => vec![path],
        (_, Some(Value::Object(value))) => value.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns the attribute of a path, as the schema spells it.
fn known(resource_type: &ResourceType, path: &str) -> Option<String> {
    let path: Path = path.parse().ok()?;
    match resource_type.place(&path.attribute)? {
        AttributePlace::Extension(schema) => Some(schema.id.clone()),
        AttributePlace::Attribute { extension: Some(schema), attribute, .. } => {
            Some(format!("{}:{}", schema.id, attribute.name))
        }
        AttributePlace::Attribute { attribute, .. } => Some(attribute.name.to_string()),
    }
}
