//! The audit channel: what is no change of a resource and still has to be known afterwards. Changes themselves stand in the feed,
//! which the same chain holds. Who and when, the store records with each event.
//!
//! INVARIANT: nothing that a client chose gets in but ids and the names of attributes that a schema has.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::Error;
use crate::filter::Path;
use crate::json::member;
use crate::ordered;
use crate::port::Level;
use crate::resource_type::{AttributePlace, ResourceType};
use crate::service::RetryingSession;
use crate::store::{Channel, Event, Key, Write};

/// The methods that an event may name. Others are the client's own words.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// What an administrator did, or whatever else is to be known.
#[must_use]
pub fn noted(name: &str, subject: Option<&Key>, data: &Value) -> Write {
    Write::Append(Event {
        channel: Channel::Audit,
        name: name.to_owned(),
        subject: subject.cloned(),
        body: data.to_string(),
    })
}

/// What somebody wanted who was let in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt<'a> {
    /// As received.
    pub method: &'a str,
    /// Where to, as far as the service knows the place: `/Users`, `/Bulk`, without an id.
    pub endpoint: Option<String>,
    /// Which resource, by an id of the form that the service makes.
    pub subject: Option<Key>,
    /// The attributes that a body names, of those that the schema has.
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

    /// The event of its refusal.
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
        if let Some(endpoint) = &self.endpoint {
            let path = match &self.subject {
                Some(key) => format!("{endpoint}/{}", key.id),
                None => endpoint.clone(),
            };
            insert("path", path.into());
        }
        if !self.attributes.is_empty() {
            insert("attributes", json!(self.attributes));
        }
        noted("refused", self.subject.as_ref(), &Value::Object(data))
    }
}

/// Whether a refusal with this status is worth an event: a change was refused, or anything was forbidden. 401 is left out: that
/// client is nobody, and the host counts such.
#[must_use]
pub fn is_kept(changing: bool, status: u16) -> bool {
    status == 403 || changing && status != 401 && (400..500).contains(&status)
}

/// Records refusals in a commit of their own. Like every commit it expects what the client was admitted by; a client whose
/// credential was revoked meanwhile is nobody, and leaves nothing.
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

/// What the members of a resource, or the operations of a PATCH, are about, as far as the type has attributes of those names.
fn attributes(resource_type: &ResourceType, body: &Value) -> Vec<String> {
    let Some(body) = body.as_object() else {
        return Vec::new();
    };
    let texts: Vec<&str> = match member(body, "Operations").and_then(Value::as_array) {
        Some(operations) => operations.iter().flat_map(named).collect(),
        None => body.keys().map(String::as_str).collect(),
    };
    let known = ordered::set(texts.into_iter().filter_map(|text| known(resource_type, text)));
    known.into_iter().collect()
}

/// What an operation names: by its path, or by its value's members.
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

/// The attribute that a path leads to, as the schema writes it.
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
