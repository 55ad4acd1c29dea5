//! A tenant's policy as data: a JSON document that extends a preset. Only profiles name vendors.
//! `profiles/profile.schema.json` describes the document.

mod attributes;
mod credentials;
mod document;
mod error;
mod explain;
mod groups;
mod limits;
mod me;
mod network;
mod secrets;
mod users;

use crate::sorted_map::SortedMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

pub use attributes::{Attributes, Invisible, OTHERS, RefusedChange, UnknownAttribute};
pub use credentials::{Credentials, Gate, Issuer, Role, Roles, Scheme};
pub use document::with_setting;
pub use error::ProfileError;
pub use groups::{Groups, InactiveMembers};
pub use limits::{PagingLimits, Rate};
pub use me::Me;
pub use network::Network;
pub use secrets::Secrets;
pub use users::{
    Existing, LifecycleStep, NameChange, REMOVE_MEMBERSHIPS, REMOVE_ROLES, Reactivation, Removal,
    UserName, Users,
};

use crate::dialect::{self, Quirk};
use crate::json;
use crate::registry::Registry;
use crate::resource_type::ResourceType;
use crate::store::Key;
use crate::webhook::{self, Webhook};
use document::{Bare, PRESETS, Settings};

/// The policies of the presets, in their order, built on first use.
static POLICIES: [OnceLock<Arc<Policy>>; PRESETS.len()] =
    [const { OnceLock::new() }; PRESETS.len()];

/// The document that was read last, with its policy: an instance that serves one tenant reads the
/// same document in each request.
static LAST: Mutex<Option<(String, Arc<Policy>)>> = Mutex::new(None);

/// The common attribute by which a client identifies a resource (RFC 7643 section 3.1).
pub(crate) const EXTERNAL_ID: &str = "externalId";

/// The policy that a profile defines.
#[derive(Debug)]
pub struct Policy {
    /// The purpose of the profile, for operators.
    pub description: String,
    /// Whether any request is admitted.
    pub enabled: bool,
    /// The conditions that must be set up before any request is admitted, by name.
    pub gates: SortedMap<Gate>,
    /// The networks that requests may come from.
    pub network: Network,
    /// How clients authenticate.
    pub credentials: Credentials,
    /// Roles that credentials may be bound to.
    pub roles: Roles,
    /// Schemas and resource types.
    pub registry: Registry,
    /// The clients' quirks that are on, in the order in which they apply.
    pub quirks: Vec<&'static Quirk>,
    /// Rules for users' attributes.
    pub attributes: Attributes,
    /// Rules for users; `None` if the profile does not have their resource type.
    pub users: Option<Users>,
    /// Rules for groups; `None` if the profile does not have their resource type.
    pub groups: Option<Groups>,
    /// The kinds of seats that a group may grant to its members, with the number available; `None`
    /// for no limit.
    pub seat_types: SortedMap<Option<u64>>,
    /// Settings of `/Me`; `None` if it is not offered.
    pub me: Option<Me>,
    /// How attributes that are written but never read are stored.
    pub secrets: Secrets,
    /// Limits of pages of lists.
    pub paging: PagingLimits,
    /// The request rate.
    pub rate: Rate,
    /// Receivers of events.
    pub webhooks: Vec<Webhook>,
}

/// Returns the key of the tenant's profile.
#[must_use]
pub fn key() -> Key {
    Key::new("$profile", "current")
}

/// Returns the names of the presets.
pub fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

impl Policy {
    /// Returns the policy of a preset.
    ///
    /// # Errors
    /// If there is no preset of this name.
    pub fn preset(name: &str) -> Result<Arc<Self>, ProfileError> {
        let whole = document::preset(name)?;
        let mut presets = PRESETS.iter().zip(&POLICIES);
        let found = presets.find(|((preset, _), _)| *preset == name);
        let (_, policy) = found.ok_or_else(|| document::no_preset(name))?;
        if let Some(policy) = policy.get() {
            return Ok(policy.clone());
        }
        let read = Self::read(whole.clone()).map(Arc::new)?;
        Ok(policy.get_or_init(|| read).clone())
    }

    /// Returns the policy of a profile document.
    ///
    /// # Errors
    /// The first field that is invalid, and why.
    pub fn from_document(text: &str) -> Result<Arc<Self>, ProfileError> {
        let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, policy)) = last().as_ref().filter(|(body, _)| body == text) {
            return Ok(policy.clone());
        }
        if let Ok(Bare { extends }) = json::from_str(text) {
            return Self::preset(&extends);
        }
        let policy = Arc::new(Self::read(document::parsed(text)?)?);
        *last() = Some((text.to_owned(), policy.clone()));
        Ok(policy)
    }

    fn read(document: Value) -> Result<Self, ProfileError> {
        // A preset's rules for users and groups do not apply to a profile with other resource
        // types; rules in the document itself must name one of its types.
        let names = |pointer: &str| document.pointer(pointer).is_some();
        let own = ["/me/resourceType", "/users/resource-type", "/groups/resource-type"].map(names);
        let settings = Settings::of(document)?;
        let quirks =
            dialect::quirks(&settings.clients).map_err(|error| ProfileError(error.to_string()))?;
        let mut registry = Registry::new(settings.resource_types, settings.schemas);
        let groups = &settings.groups;
        if groups.unique_names {
            let unique = |registry: Registry| {
                registry.with_unique(&groups.resource_type, groups.name.as_str())
            };
            registry = registry.and_then(unique);
        }
        let users = &settings.users;
        if users.unique_external_id {
            let unique =
                |registry: Registry| registry.with_unique(&users.resource_type, EXTERNAL_ID);
            registry = registry.and_then(unique);
        }
        let registry =
            registry.map_err(|error| ProfileError::at("resourceTypes", &error.to_string()))?;
        let kept = |what: &str, name: &str, own: bool| match registry.named(name) {
            Some(_) => Ok(true),
            None if own => {
                Err(ProfileError(format!("`{what}`: there is no resource type `{name}`")))
            }
            None => Ok(false),
        };
        let [own_me, own_users, own_groups] = own;
        let has_me = kept("me.resourceType", &settings.me.resource_type, own_me)?;
        let has_users = kept("users.resource-type", &settings.users.resource_type, own_users)?;
        let has_groups = kept("groups.resource-type", &settings.groups.resource_type, own_groups)?;
        let policy = Self {
            description: settings.description,
            enabled: settings.enabled,
            gates: settings.gates,
            network: settings.network,
            credentials: settings.credentials,
            roles: settings.roles,
            registry,
            quirks,
            attributes: settings.attributes,
            users: Some(settings.users).filter(|_| has_users),
            groups: Some(settings.groups).filter(|_| has_groups),
            seat_types: settings.seat_types,
            me: Some(settings.me).filter(|_| has_me),
            secrets: settings.secrets,
            paging: settings.paging,
            rate: settings.rate,
            webhooks: settings.webhooks,
        };
        policy.check()?;
        Ok(policy)
    }

    /// Checks the rules that concern more than one field.
    fn check(&self) -> Result<(), ProfileError> {
        if let Some(users) = &self.users {
            let resource_type = self.registry.named(&users.resource_type);
            for path in self.attributes.map.keys() {
                self.check_path(resource_type, "attributes.map", path)?;
            }
            for path in self.attributes.mutability.keys().filter(|path| *path != OTHERS) {
                self.check_path(resource_type, "attributes.mutability", path)?;
            }
        }
        webhook::check(&self.webhooks)
            .map_err(|(path, problem)| ProfileError::at(&path, problem))?;
        let PagingLimits { default_size, max_size, .. } = self.paging;
        if default_size == 0
            || max_size < default_size
            || max_size as usize > crate::limits::PAGE_MAX
        {
            let limit = crate::limits::PAGE_MAX;
            let problem =
                format!("`default-size` and `max-size` must be 1 to {limit}, in this order");
            return Err(ProfileError::at("paging", &problem));
        }
        Ok(())
    }

    /// Checks keys and secrets when they are configured. Profiles that were stored before a rule
    /// existed remain in use.
    ///
    /// # Errors
    /// The first field that breaks a rule.
    pub fn check_keys(&self) -> Result<(), ProfileError> {
        for (index, issuer) in self.credentials.access_tokens.iter().enumerate() {
            for (key, jwk) in issuer.keys.iter().enumerate() {
                let path = format!("credentials.access-tokens[{index}].keys[{key}]");
                jwk.check().map_err(|error| ProfileError::at(&path, &error.to_string()))?;
            }
        }
        let mut webhooks = self.webhooks.iter();
        if let Some(weak) = webhooks.position(|webhook| !webhook.has_strong_key()) {
            let path = format!("webhooks[{weak}].secret");
            let problem = "it must be `whsec_` and 24 to 64 random bytes in base64";
            return Err(ProfileError::at(&path, problem));
        }
        Ok(())
    }

    fn check_path(
        &self,
        resource_type: Option<&ResourceType>,
        field: &str,
        path: &str,
    ) -> Result<(), ProfileError> {
        let place = path.parse().ok().filter(|path| {
            resource_type.is_some_and(|resource_type| resource_type.place(path).is_some())
        });
        place
            .map(drop)
            .ok_or_else(|| ProfileError(format!("`{field}`: users have no attribute `{path}`")))
    }

    /// Returns the rules for users, if this is their resource type.
    #[must_use]
    pub fn users(&self, resource_type: &ResourceType) -> Option<&Users> {
        self.users.as_ref().filter(|users| users.resource_type == resource_type.name())
    }

    /// Returns the rules for groups, if this is their resource type.
    #[must_use]
    pub fn groups(&self, resource_type: &ResourceType) -> Option<&Groups> {
        self.groups.as_ref().filter(|groups| groups.resource_type == resource_type.name())
    }

    /// Returns the first condition that is not met, with its name.
    #[must_use]
    pub fn closed_gate(&self) -> Option<(&str, &Gate)> {
        let mut gates = self.gates.iter();
        gates.find(|(_, gate)| !gate.met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_profile() {
        for name in presets() {
            let preset = Policy::preset(name);
            assert!(preset.is_ok(), "{name}: {:?}", preset.err());
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            (r#"{"extends":"nobody"}"#, "`nobody`"),
            (r#"{"extends":"default","clints":[]}"#, "`clints`"),
            (r#"{"extends":"default","users":{"seets":1}}"#, "`users.seets`"),
            (r#"{"extends":"default","users":{"seats":"many"}}"#, "`users.seats`"),
            (
                r#"{"extends":"default","users":{"reactivation":["post"]}}"#,
                "`users.reactivation[0]`",
            ),
            (r#"{"extends":"default","clients":["x"]}"#, "`clients[0]`"),
            (r#"{"extends":"default","network":{"allow":["192.0.2.0/40"]}}"#, "`network.allow[0]`"),
            (
                r#"{"extends":"default","credentials":{"lifetime":"long"}}"#,
                "`credentials.lifetime`",
            ),
            (r#"{"extends":"default","attributes":{"map":{"shoeSize":"x"}}}"#, "`shoeSize`"),
            (r#"{"extends":"default","paging":{"max-size":5}}"#, "`paging`"),
            (r#"{"extends":"default","gates":{"x":{"met":"yes"}}}"#, "`gates.x.met`"),
            (r#"{"extends":"default","users":{"resource-type":"Robot"}}"#, "`Robot`"),
        ] {
            let error = Policy::from_document(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
        assert!(Policy::from_document("[]").is_err());
    }
}
