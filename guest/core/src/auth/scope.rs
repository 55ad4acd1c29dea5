//! What a credential may do. `users`, `groups` and `events` name areas, which add up; without one
//! it is everything but events. `read-only` and `bulk` say what may be done there: neither reaches
//! an area that is not named.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{self, Decode, DecodeError};
use crate::profile::Policy;
use crate::resource_type::ResourceType;

/// One word of a credential's scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Nothing that changes anything.
    ReadOnly,
    /// The resources that stand for people.
    Users,
    /// Those that hold them.
    Groups,
    /// Bulk requests, on what the other scopes allow, or on everything if they name nothing.
    Bulk,
    /// The events that the host serves.
    Events,
}

/// The scopes of a credential; none stand for everything but events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl Decode for Scopes {
    fn initial() -> Self {
        Self::default()
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let names: Vec<String> = json::from_value(value)?;
        *self = Self::parse(&names).map_err(|error| DecodeError::new(error.to_string()))?;
        Ok(())
    }
}

/// A word that is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope `{0}`, but read-only, users, groups, bulk, events")]
pub struct UnknownScope(String);

const NAMES: [(Scope, &str); 5] = [
    (Scope::ReadOnly, "read-only"),
    (Scope::Users, "users"),
    (Scope::Groups, "groups"),
    (Scope::Bulk, "bulk"),
    (Scope::Events, "events"),
];

impl Scope {
    /// As operators write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut names = NAMES.iter();
        names.find(|(scope, _)| *scope == self).map_or("", |(_, name)| name)
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(scope, _)| *scope).ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

impl Scopes {
    /// The scopes of these names, each once.
    pub fn parse(names: &[String]) -> Result<Self, UnknownScope> {
        let scopes = names.iter().map(|name| name.parse());
        let scopes = scopes.collect::<Result<Vec<Scope>, _>>()?;
        let named = |(scope, _): &(Scope, _)| scopes.contains(scope).then_some(*scope);
        Ok(Self(NAMES.iter().filter_map(named).collect()))
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.name().to_owned()).collect()
    }

    /// Whether this one is named.
    #[must_use]
    pub fn name(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether anything may be changed.
    #[must_use]
    pub fn may_change(&self) -> bool {
        !self.name(Scope::ReadOnly)
    }

    /// Whether resources of all types may be reached.
    #[must_use]
    pub fn reach_everything(&self) -> bool {
        let mut areas = [Scope::Users, Scope::Groups, Scope::Events].iter();
        !areas.any(|scope| self.name(*scope))
    }

    /// Whether any resources may be reached, and not only events.
    #[must_use]
    pub fn reach_resources(&self) -> bool {
        self.reach_everything() || self.name(Scope::Users) || self.name(Scope::Groups)
    }

    /// Whether each scope says something beside the others: `events` has nothing to be `read-only`
    /// or in `bulk`.
    #[must_use]
    pub fn say_something_each(&self) -> bool {
        self.reach_resources() || self.0.len() == 1
    }

    /// Whether resources of this type may be reached.
    #[must_use]
    pub fn reach(&self, policy: &Policy, resource_type: &ResourceType) -> bool {
        self.reach_everything()
            || (self.name(Scope::Users) && policy.users(resource_type).is_some())
            || (self.name(Scope::Groups) && policy.groups(resource_type).is_some())
    }

    /// Whether bulk requests may be made.
    #[must_use]
    pub fn reach_bulk(&self) -> bool {
        self.0.is_empty() || (self.name(Scope::Bulk) && self.reach_resources())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(names: &str) -> Scopes {
        let names: Vec<String> = names.split_whitespace().map(ToOwned::to_owned).collect();
        Scopes::parse(&names).unwrap()
    }

    #[test]
    fn scopes_say_what_may_be_reached() {
        let policy = Policy::preset("default").unwrap();
        let [user, group] = ["User", "Group"].map(|name| policy.registry.named(name).unwrap());
        for (names, users, groups, bulk, change) in [
            ("", true, true, true, true),
            ("read-only", true, true, false, false),
            ("users", true, false, false, true),
            ("groups read-only", false, true, false, false),
            ("users bulk", true, false, true, true),
            ("bulk", true, true, true, true),
            ("events", false, false, false, true),
            ("read-only events", false, false, false, false),
            ("bulk events", false, false, false, true),
            ("users events", true, false, false, true),
            ("groups read-only bulk events", false, true, true, false),
        ] {
            let scopes = scopes(names);
            let reach = [user, group].map(|resource_type| scopes.reach(&policy, resource_type));
            assert_eq!(reach, [users, groups], "{names}");
            assert_eq!((scopes.reach_bulk(), scopes.may_change()), (bulk, change), "{names}");
        }
        assert!(Scopes::parse(&["admin".to_owned()]).is_err());
    }
}
