//! What people know resources by: the `display` of members and groups.

use std::collections::BTreeMap;

use super::{Session, life};
use crate::error::Error;
use crate::limits;
use crate::ordered;
use crate::resource;
use crate::store::{Entry, Key};

/// What people know a resource by.
pub(super) struct Name {
    pub display: Option<String>,
    pub is_active: bool,
}

impl Name {
    /// That of a resource as the store returned it.
    pub fn of(session: &Session<'_>, entry: &Entry) -> Result<Self, Error> {
        let policy = &session.admission.policy;
        let of = policy.registry.named(&entry.key.kind);
        let users = of.and_then(|of| policy.users(of));
        let display = of.into_iter().flat_map(|of| &of.definition.display);
        let active = users.map(|users| users.active.as_str());
        let wanted: Vec<&str> = display.map(|name| name.as_str()).chain(active).collect();
        let content = resource::some_of(entry, &wanted)?;
        let display = of.and_then(|of| resource::display(of, &content));
        Ok(Self {
            display: display.map(ToOwned::to_owned),
            is_active: users.is_none_or(|users| life::is_active(users, &content)),
        })
    }
}

/// Names that were looked up, so that none is twice in one request; a bounded number of them.
#[derive(Default)]
pub(super) struct Names {
    /// `None` for what is not there any more.
    known: BTreeMap<Key, Option<Name>>,
}

impl Names {
    /// Whether it has been looked up.
    pub fn knows(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// The name, if it has been looked up and the resource is there.
    pub fn get(&self, key: &Key) -> Option<&Name> {
        self.known.get(key)?.as_ref()
    }

    /// Forgets all if there are too many. What has been looked up before has to be asked for again.
    pub fn make_room(&mut self) {
        if self.known.len() > limits::NAMES_KEPT {
            self.known.clear();
        }
    }

    /// Looks up the names of these keys, which are not known yet.
    pub fn load(&mut self, session: &Session<'_>, keys: Vec<Key>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = ordered::set(keys).into_iter().collect();
        session.each_entry(&keys, |key, entry| {
            let name = entry.map(|entry| Name::of(session, &entry)).transpose()?;
            self.known.insert(key.clone(), name);
            Ok(())
        })
    }
}
