//! The least that a store may be: entries in memory. It ignores filters, knows no links and checks
//! no expectation.

use std::cell::RefCell;
use std::collections::BTreeMap;

use scimlet_core::port::{Caller, Clock, Journal, Level, Origin, Ports, Random, Store};
use scimlet_core::profile;
use scimlet_core::store::{
    Committed, Direction, Entry, Hit, Key, Link, LinkPage, Page, Query, Refusal, Rejection,
    Removal, Replacement, Window, Write,
};
use serde_json::{Value, json};

/// A store whose entries are in memory, by kind and id.
pub struct Shelf(RefCell<BTreeMap<(String, String), Entry>>);

/// A key of 32 bytes that seals cursors, in base64url.
const CURSOR_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// The stored user `1`.
pub fn user() -> Value {
    json!({
        "userName": "a", "active": true, "name": {"givenName": "b"},
        "emails": [{"value": "a@example.com", "type": "work", "primary": true}, {"value": "b"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "1"}},
    })
}

/// A client that the host has let in.
pub fn origin() -> Origin {
    Origin {
        tenant: "demo".to_owned(),
        base_url: "http://scim.test".to_owned(),
        client_address: None,
        caller: Caller::Client("fuzz".to_owned()),
    }
}

impl Default for Shelf {
    fn default() -> Self {
        let shelf = Self(RefCell::default());
        shelf.put(profile::key(), r#"{"extends":"default"}"#.to_owned());
        // As `admin.configure` leaves it: without the key of its cursors, a tenant is incomplete.
        shelf.put(Key::new("$secret", "cursor"), CURSOR_KEY.to_owned());
        shelf.put(Key::new("User", "1"), user().to_string());
        shelf.put(Key::new("Group", "2"), r#"{"displayName":"g"}"#.to_owned());
        shelf
    }
}

impl Shelf {
    /// Returns the ports of core; this store stands for all of them.
    pub fn ports(&self) -> Ports<'_> {
        Ports { store: self, clock: self, random: self, journal: self, application: None }
    }

    fn put(&self, key: Key, body: String) -> u64 {
        let mut entries = self.0.borrow_mut();
        let place = (key.kind.clone(), key.id.clone());
        let version = entries.get(&place).map_or(1, |entry| entry.version + 1);
        entries.insert(place, Entry { key, version, created: 0, modified: 0, body });
        version
    }
}

impl Store for Shelf {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        let entries = self.0.borrow();
        Ok(keys.into_iter().map(|key| entries.get(&(key.kind, key.id)).cloned()).collect())
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        let entries = self.0.borrow();
        let of_kind = entries.values().filter(|entry| entry.key.kind == query.kind);
        let skip = match &query.window {
            Window::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            Window::After(position) => {
                position.parse().map_err(|_| Refusal::Invalid("position".to_owned()))?
            }
        };
        let hits = of_kind.enumerate().skip(skip).take(query.limit as usize);
        Ok(Page {
            hits: hits
                .map(|(i, entry)| Hit { entry: entry.clone(), position: (i + 1).to_string() })
                .collect(),
            total: None,
            exact: false,
            ordered: false,
        })
    }

    fn links(
        &self,
        anchors: Vec<Key>,
        _: &str,
        _: Direction,
        _: Option<String>,
        _: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        Ok(anchors.iter().map(|_| LinkPage { links: Vec::new(), next: None }).collect())
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        Ok(vec![false; links.len()])
    }

    fn commit(&self, at: u64, _: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let mut versions = Vec::new();
        for write in writes {
            match write {
                Write::Insert(draft) | Write::Replace(Replacement { draft, .. }) => {
                    let version = self.put(draft.key.clone(), draft.body);
                    versions.push((draft.key, version));
                }
                Write::Remove(Removal { key, .. }) => {
                    drop(self.0.borrow_mut().remove(&(key.kind, key.id)))
                }
                _ => {}
            }
        }
        Ok(Committed { at, versions })
    }
}

impl Clock for Shelf {
    fn now(&self) -> u64 {
        1_767_225_600_000
    }
}

impl Random for Shelf {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

impl Journal for Shelf {
    fn write(&self, _: Level, _: &str, _: &str) {}
}
