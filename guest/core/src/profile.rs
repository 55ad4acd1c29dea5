//! A tenant's policy as data: a JSON document that extends a preset. Only profiles know vendors.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use crate::dialect::{self, Quirk};
use crate::limits;
use crate::resource_type::Definition;
use crate::schema::{Registry, Schema};
use crate::store::Key;

/// The presets: name, document, and the policy once it has been read.
static PRESETS: [(&str, &str, OnceLock<Arc<Policy>>); 4] = [
    (
        "default",
        include_str!("../profiles/default.json"),
        OnceLock::new(),
    ),
    (
        "strict",
        include_str!("../profiles/strict.json"),
        OnceLock::new(),
    ),
    (
        "okta",
        include_str!("../profiles/okta.json"),
        OnceLock::new(),
    ),
    (
        "entra",
        include_str!("../profiles/entra.json"),
        OnceLock::new(),
    ),
];

/// A profile with everything that it extends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settings {
    clients: Vec<String>,
    schemas: Vec<Schema>,
    resource_types: Vec<Definition>,
    #[serde(default)]
    me: Option<Me>,
    #[serde(default)]
    secrets: Secrets,
    #[serde(default)]
    groups: Groups,
}

/// What a profile says of resources that contain others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Groups {
    /// Whether no two may have the same name. In a tenant that had groups before, it holds among those written since.
    unique_names: bool,
}

/// What a profile has done with secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Secrets {
    /// They are not kept.
    #[default]
    Discard,
    /// They are kept as Argon2id hashes in PHC string format, for the application to check passwords against.
    Hash,
}

/// What `/Me` is (RFC 7644 section 3.11), for embedders that name the end user who asks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Me {
    /// The type of the end users' resources.
    pub resource_type: String,
    /// What they may do with their own: `GET` (and with it HEAD), `PUT`, `PATCH`, `DELETE`.
    pub methods: Vec<String>,
}

/// What a profile means.
#[derive(Debug)]
pub struct Policy {
    /// Schemas and resource types.
    pub registry: Registry,
    /// The clients' quirks that are on, in the order in which they apply.
    pub quirks: Vec<&'static Quirk>,
    /// What `/Me` is; `None` if there is none.
    pub me: Option<Me>,
    /// What becomes of attributes that are written and never read.
    pub secrets: Secrets,
}

/// A profile is not one; says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(String);

/// Where the tenant's profile is kept.
#[must_use]
pub fn key() -> Key {
    Key::new("$profile", "current")
}

impl Policy {
    /// The policy of a preset; `None` if there is none of this name.
    #[must_use]
    pub fn preset(name: &str) -> Option<Arc<Self>> {
        let (_, text, policy) = PRESETS.iter().find(|(preset, ..)| *preset == name)?;
        if let Some(policy) = policy.get() {
            return Some(policy.clone());
        }
        let read = Self::read(text).ok().map(Arc::new)?;
        Some(policy.get_or_init(|| read).clone())
    }

    /// The policy of a profile document.
    pub fn from_document(text: &str) -> Result<Arc<Self>, ProfileError> {
        if text.len() > limits::PROFILE_BYTES {
            let limit = limits::PROFILE_BYTES;
            return Err(ProfileError(format!(
                "a profile may have at most {limit} bytes"
            )));
        }
        if let Ok(Bare { extends }) = serde_json::from_str(text) {
            return Self::preset(&extends).ok_or_else(|| no_preset(&extends));
        }
        Self::read(text).map(Arc::new)
    }

    fn read(text: &str) -> Result<Self, ProfileError> {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| ProfileError(format!("the profile is no JSON: {error}")))?;
        // A preset's `me` is nothing to a profile with other resource types; one of its own has to name one of them.
        let names_me = document.pointer("/me/resourceType").is_some();
        let settings: Settings = serde_json::from_value(extended(document, 0)?)
            .map_err(|error| ProfileError(format!("the profile is wrong: {error}")))?;
        let quirks =
            dialect::quirks(&settings.clients).map_err(|error| ProfileError(error.to_string()))?;
        let mut registry = Registry::new(settings.resource_types, settings.schemas);
        if settings.groups.unique_names {
            registry = registry.and_then(Registry::with_unique_names);
        }
        let registry = registry.map_err(|error| ProfileError(error.to_string()))?;
        let me = settings
            .me
            .filter(|me| registry.named(&me.resource_type).is_some());
        if me.is_none() && names_me {
            return Err(ProfileError("`me`: there is no such resource type".into()));
        }
        Ok(Self {
            registry,
            quirks,
            me,
            secrets: settings.secrets,
        })
    }
}

/// A profile that does nothing but extend.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare {
    extends: String,
}

/// How deep presets may extend presets.
const DEPTH: usize = 8;

/// The document over the one that it extends: its fields win, and objects are joined.
fn extended(document: Value, depth: usize) -> Result<Value, ProfileError> {
    let Value::Object(mut fields) = document else {
        return Err(ProfileError("a profile must be an object".into()));
    };
    let Some(extends) = fields.remove("extends") else {
        return Ok(Value::Object(fields));
    };
    let name = extends.as_str().unwrap_or_default();
    let preset = PRESETS
        .iter()
        .find(|(preset, ..)| *preset == name && depth < DEPTH);
    let (_, text, _) = preset.ok_or_else(|| no_preset(name))?;
    let base = serde_json::from_str(text)
        .map_err(|error| ProfileError(format!("preset `{name}`: {error}")))?;
    Ok(joined(extended(base, depth + 1)?, Value::Object(fields)))
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

fn no_preset(name: &str) -> ProfileError {
    let names: Vec<&str> = PRESETS.iter().map(|(preset, ..)| *preset).collect();
    ProfileError(format!(
        "`extends`: there is no preset `{name}`, but {}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_profile() {
        for (name, ..) in &PRESETS {
            assert!(
                Policy::preset(name).is_some(),
                "{name}: {:?}",
                Policy::read(PRESETS[0].1).err()
            );
        }
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |text| Policy::from_document(text).unwrap_err().to_string();
        assert!(wrong(r#"{"extends":"nobody"}"#).contains("`nobody`"));
        assert!(wrong(r#"{"extends":"default","clints":[]}"#).contains("clints"));
        assert!(wrong(r#"{"extends":"default","clients":["okta","x"]}"#).contains("`clients[1]`"));
        assert!(wrong(r#"{"extends":"default","groups":{"unique":true}}"#).contains("`unique`"));
        assert!(wrong("[]").contains("object"));
    }
}
