//! Profiles as documents: presets, documents that extend them, and single settings.

use serde_json::{Map, Value};

use super::attributes::Attributes;
use super::credentials::{Credentials, Gate, Roles};
use super::error::ProfileError;
use super::groups::Groups;
use super::limits::{PagingLimits, Rate};
use super::me::Me;
use super::network::Network;
use super::secrets::Secrets;
use super::users::Users;
use crate::json;
use crate::limits;
use crate::resource_type::Definition;
use crate::schema::Schema;
use crate::sorted_map::SortedMap;
use crate::webhook::Webhook;
use std::sync::OnceLock;

/// The presets, each with name and document.
pub(super) const PRESETS: [(&str, &str); 9] = [
    ("default", json::built_in!("profiles/default.json")),
    ("strict", json::built_in!("profiles/strict.json")),
    ("okta", json::built_in!("profiles/okta.json")),
    ("entra", json::built_in!("profiles/entra.json")),
    ("canaille", json::built_in!("profiles/canaille.json")),
    ("cognism", json::built_in!("profiles/cognism.json")),
    ("cyolo", json::built_in!("profiles/cyolo.json")),
    ("keepnet", json::built_in!("profiles/keepnet.json")),
    ("cortex", json::built_in!("profiles/cortex.json")),
];

/// A profile including everything that it extends.
#[derive(Debug)]
pub(super) struct Settings {
    _schema: Option<String>,
    pub(super) description: String,
    pub(super) enabled: bool,
    pub(super) gates: SortedMap<Gate>,
    pub(super) network: Network,
    pub(super) credentials: Credentials,
    pub(super) roles: Roles,
    pub(super) clients: Vec<String>,
    pub(super) schemas: Vec<Schema>,
    pub(super) resource_types: Vec<Definition>,
    pub(super) attributes: Attributes,
    pub(super) users: Users,
    pub(super) groups: Groups,
    pub(super) seat_types: SortedMap<Option<u64>>,
    pub(super) me: Me,
    pub(super) secrets: Secrets,
    pub(super) paging: PagingLimits,
    pub(super) rate: Rate,
    pub(super) webhooks: Vec<Webhook>,
}

json::decode_struct!(strict Settings {
    _schema: "$schema",
    description: "description" = String::new(),
    enabled: "enabled",
    gates: "gates",
    network: "network",
    credentials: "credentials",
    roles: "roles",
    clients: "clients",
    schemas: "schemas",
    resource_types: "resourceTypes",
    attributes: "attributes",
    users: "users",
    groups: "groups",
    seat_types: "seat-types",
    me: "me",
    secrets: "secrets",
    paging: "paging",
    rate: "rate",
    webhooks: "webhooks",
});

impl Settings {
    /// Reads a document with everything that it extends; an error names the field.
    pub(super) fn of(document: Value) -> Result<Self, ProfileError> {
        let stands_alone = document.get("extends").is_none();
        let whole = extended(document)?;
        if !stands_alone {
            return Self::read(whole);
        }
        // A document that extends a preset has no missing fields: what fails there is an invalid
        // field, which is reported first, since a missing one may be the same field misspelled.
        Self::read(whole.clone()).map_err(|missing| {
            let over = preset("default").and_then(|base| Self::read(joined(base.clone(), whole)));
            over.err().unwrap_or(missing)
        })
    }

    fn read(whole: Value) -> Result<Self, ProfileError> {
        crate::json::from_value(whole)
            .map_err(|misfit| ProfileError::at(&misfit.path, &misfit.problem))
    }
}

/// Parses the JSON of a profile.
pub(super) fn parsed(text: &str) -> Result<Value, ProfileError> {
    if text.len() > limits::PROFILE_BYTES {
        let limit = limits::PROFILE_BYTES;
        return Err(ProfileError(format!("a profile may have at most {limit} bytes")));
    }
    crate::json::parse(text)
        .map_err(|error| ProfileError(format!("the profile is no JSON: {error}")))
}

/// A profile that only extends another one.
#[derive()]
pub(super) struct Bare {
    pub(super) extends: String,
}

json::decode_struct!(strict Bare {
    extends: "extends",
});

/// The presets with everything that they extend, in their order, read on first use.
static WHOLE: [OnceLock<Value>; PRESETS.len()] = [const { OnceLock::new() }; PRESETS.len()];

/// Returns the preset of this name, with everything that it extends.
pub(super) fn preset(name: &str) -> Result<&'static Value, ProfileError> {
    let mut presets = PRESETS.iter().zip(&WHOLE);
    let found = presets.find(|((preset, _), _)| *preset == name);
    let ((_, text), whole) = found.ok_or_else(|| no_preset(name))?;
    if let Some(whole) = whole.get() {
        return Ok(whole);
    }
    let document = serde_json::from_str(text)
        .map_err(|error| ProfileError(format!("preset `{name}`: {error}")))?;
    let read = extended(document)?;
    Ok(whole.get_or_init(|| read))
}

fn not_an_object() -> ProfileError {
    ProfileError("a profile must be an object".into())
}

/// Merges a document into the preset that it extends: the document's fields take precedence,
/// objects are merged.
fn extended(document: Value) -> Result<Value, ProfileError> {
    let Value::Object(mut fields) = document else {
        return Err(not_an_object());
    };
    let Some(extends) = fields.remove("extends") else {
        return Ok(Value::Object(fields));
    };
    let base = preset(extends.as_str().unwrap_or_default())?;
    Ok(joined(base.clone(), Value::Object(fields)))
}

fn joined(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let value = match base.remove(&key) {
                    Some(old) => joined(old, value),
                    None => value,
                };
                base.insert(key, value);
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

pub(super) fn no_preset(name: &str) -> ProfileError {
    let names: Vec<&str> = PRESETS.iter().map(|(preset, _)| *preset).collect();
    ProfileError(format!("`extends`: there is no preset `{name}`, but {}", names.join(", ")))
}

/// Returns the document with one setting changed, such as `users.seats`, to a JSON value.
///
/// # Errors
/// If the path is malformed, or leads into a value that is not an object.
pub fn with_setting(text: &str, path: &str, value: &str) -> Result<String, ProfileError> {
    let value = crate::json::parse(value)
        .map_err(|error| ProfileError::at(path, &format!("the value is no JSON: {error}")))?;
    let Value::Object(mut document) = parsed(text)? else {
        return Err(not_an_object());
    };
    let names: Vec<&str> = path.split('.').collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err(ProfileError(format!("`{path}` is no path of a setting")));
    }
    put(&mut document, &names, value)
        .map_err(|name| ProfileError::at(path, &format!("`{name}` has no settings in it")))?;
    Ok(Value::Object(document).to_string())
}

fn put<'n>(
    object: &mut Map<String, Value>,
    names: &[&'n str],
    value: Value,
) -> Result<(), &'n str> {
    match names {
        [] => Ok(()),
        [last] => {
            object.insert((*last).to_owned(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner =
                object.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            put(inner.as_object_mut().ok_or(*first)?, rest, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_put_where_its_path_leads() {
        let after = with_setting(r#"{"extends":"okta"}"#, "users.seats", "5").unwrap();
        assert_eq!(after, r#"{"extends":"okta","users":{"seats":5}}"#);
        let after = with_setting(&after, "users.default-roles", r#"["a"]"#).unwrap();
        assert!(after.contains(r#""seats":5"#) && after.contains(r#"["a"]"#));
        for (path, value) in
            [("users..seats", "1"), ("", "1"), ("extends.x", "1"), ("enabled", "yes")]
        {
            assert!(with_setting(&after, path, value).is_err(), "{path}");
        }
    }
}
