//! Display names of resources: the `display` of members and groups.

use super::Session;
use crate::error::Error;
use crate::limits;
use crate::ordered::{OrderedMap, OrderedSet};
use crate::resource;
use crate::store::{Entry, Key};

/// The display name of a resource.
pub(super) struct DisplayName {
    pub display: Option<String>,
    pub is_active: bool,
}

impl DisplayName {
    /// Returns the display name of a resource that the store returned.
    ///
    /// # Errors
    /// Internal, if core did not write the body.
    pub fn of(session: &Session<'_>, entry: &Entry) -> Result<Self, Error> {
        let policy = &session.admission.policy;
        let resource_type = policy.registry.named(&entry.key.kind);
        let users = resource_type.and_then(|resource_type| policy.users(resource_type));
        let display =
            resource_type.into_iter().flat_map(|resource_type| &resource_type.definition.display);
        let active = users.map(|users| users.active.as_str());
        let wanted: Vec<&str> = display.map(|name| name.as_str()).chain(active).collect();
        let content = resource::some_of(entry, &wanted)?;
        let display =
            resource_type.and_then(|resource_type| resource::display(resource_type, &content));
        Ok(Self {
            display: display.map(ToOwned::to_owned),
            is_active: users.is_none_or(|users| users.is_active(&content)),
        })
    }
}

/// A cache of display names of limited size, so that a request looks up no name twice.
#[derive(Default)]
pub(super) struct DisplayNames {
    /// `None` for resources that no longer exist.
    known: OrderedMap<Key, Option<DisplayName>>,
}

impl DisplayNames {
    /// Returns whether the name has been looked up.
    pub fn knows(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// Returns the name if it has been looked up and the resource exists.
    pub fn get(&self, key: &Key) -> Option<&DisplayName> {
        self.known.get(key)?.as_ref()
    }

    /// Empties the cache if it is full. Names that were looked up before have to be loaded again.
    pub fn make_room(&mut self) {
        if self.known.len() > limits::NAMES_KEPT {
            self.known = OrderedMap::new();
        }
    }

    /// Looks up the names of these keys, which must not be in the cache yet.
    ///
    /// # Errors
    /// If the store fails.
    pub fn load(&mut self, session: &Session<'_>, keys: Vec<Key>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = OrderedSet::from_iter(keys).into_iter().collect();
        session.each_entry(&keys, |key, entry| {
            let name = entry.map(|entry| DisplayName::of(session, &entry)).transpose()?;
            self.known.insert(key.clone(), name);
            Ok(())
        })
    }
}
