//! The scopes of a credential. `users`, `groups` and `events` name areas, which add up; a
//! credential that names no area may use everything except events. `read-only` and `bulk` limit or
//! extend the operations, and add no area.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{self, Decode, DecodeError};
use crate::profile::Policy;
use crate::resource_type::ResourceType;

/// One scope of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// No changes.
    ReadOnly,
    /// The resource type of users.
    Users,
    /// The resource type of groups.
    Groups,
    /// Bulk requests on the areas of the other scopes, or on everything if they name none.
    Bulk,
    /// The events that the host serves.
    Events,
}

/// The scopes of a credential; an empty list means everything except events.
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

/// A word that names no scope.
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
    /// Returns the scope's name as operators write it.
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
    /// Parses scopes by name, and removes duplicates.
    ///
    /// # Errors
    /// The first name that is not a scope.
    pub fn parse(names: &[String]) -> Result<Self, UnknownScope> {
        let scopes = names.iter().map(|name| name.parse());
        let scopes = scopes.collect::<Result<Vec<Scope>, _>>()?;
        let named = |(scope, _): &(Scope, _)| scopes.contains(scope).then_some(*scope);
        Ok(Self(NAMES.iter().filter_map(named).collect()))
    }

    /// Returns the names of the scopes.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.name().to_owned()).collect()
    }

    /// Returns whether this scope is in the list.
    #[must_use]
    pub fn name(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Returns whether the client may change anything.
    #[must_use]
    pub fn may_change(&self) -> bool {
        !self.name(Scope::ReadOnly)
    }

    /// Returns whether the client may use resources of all types.
    #[must_use]
    pub fn reach_everything(&self) -> bool {
        let mut areas = [Scope::Users, Scope::Groups, Scope::Events].iter();
        !areas.any(|scope| self.name(*scope))
    }

    /// Returns whether the client may use any resources, and not only events.
    #[must_use]
    pub fn reach_resources(&self) -> bool {
        self.reach_everything() || self.name(Scope::Users) || self.name(Scope::Groups)
    }

    /// Returns whether every scope has an effect: with only `events`, neither `read-only` nor
    /// `bulk` has one.
    #[must_use]
    pub fn say_something_each(&self) -> bool {
        self.reach_resources() || self.0.len() == 1
    }

    /// Returns whether the client may use resources of this type.
    #[must_use]
    pub fn reach(&self, policy: &Policy, resource_type: &ResourceType) -> bool {
        self.reach_everything()
            || (self.name(Scope::Users) && policy.users(resource_type).is_some())
            || (self.name(Scope::Groups) && policy.groups(resource_type).is_some())
    }

    /// Returns whether the client may send bulk requests.
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
