//! Seats of a kind that a group gives its members. Somebody takes one seat of a kind, however many groups give it, and none while
//! inactive; the counters change in the commit that changes who is in the group.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use crate::error::Error;
use crate::json;
use crate::ordered;
use crate::resource::{Resource, State};
use crate::service::Session;
use crate::service::write::event;
use crate::sorted_map::SortedMap;
use crate::store::{Draft, Key, Write};

/// Where it is kept what groups give.
pub(in crate::service) fn key() -> Key {
    Key::new("$assignments", "current")
}

/// What a group gives its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::service) struct Assigned {
    /// Roles.
    pub(in crate::service) roles: Vec<String>,
    /// A seat.
    pub(in crate::service) seat_type: Option<String>,
}

json::decode_struct!(open Assigned {
    roles: "roles",
    seat_type: "seat-type",
});

/// What all groups give, by their ids. One entry, which every change of members expects, so that nobody joins a group while it
/// begins to give something and is missed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::service) struct Assignments {
    version: Option<u64>,
    groups: SortedMap<Assigned>,
}

impl Assignments {
    /// Nothing where the profile has no assignments.
    pub(in crate::service) fn load(session: &Session<'_>) -> Result<Self, Error> {
        let groups = session.admission.policy.groups.as_ref();
        if !groups.is_some_and(|groups| groups.assignments) {
            return Ok(Self::default());
        }
        let entry = session.entries(&[key()])?.into_iter().flatten().next();
        let Some(entry) = entry else {
            return Ok(Self::default());
        };
        let groups = crate::json::from_str(&entry.body)
            .map_err(|error| Error::broken(&entry.key, &error))?;
        Ok(Self { version: Some(entry.version), groups })
    }

    /// What a commit that changes members expects.
    pub(in crate::service) fn expected(&self) -> Vec<Write> {
        let version = self.version.map(|version| Write::Expect(key(), version));
        version.into_iter().collect()
    }

    /// What a group gives.
    pub(in crate::service) fn of(&self, group: &str) -> Assigned {
        self.groups.get(group).cloned().unwrap_or_default()
    }

    /// All that give something.
    pub(in crate::service) fn all(&self) -> &SortedMap<Assigned> {
        &self.groups
    }

    /// The write that replaces what one gives.
    pub(in crate::service) fn replaced(
        &self,
        group: &str,
        given: Assigned,
    ) -> Result<Write, Error> {
        let mut groups = self.groups.clone();
        groups.remove(group);
        if given != Assigned::default() {
            groups.insert(group.to_owned(), given);
        }
        let body =
            serde_json::to_string(&groups).map_err(|error| Error::internal(error.to_string()))?;
        let draft = Draft { key: key(), body, terms: Vec::new() };
        Ok(match self.version {
            Some(version) => Write::Replace(draft, version),
            None => Write::Insert(draft),
        })
    }
}

/// The kinds of seats of somebody.
pub(super) fn kinds(state: &State) -> BTreeSet<&str> {
    ordered::set(state.seats.values().map(String::as_str))
}

/// The counters of all kinds of seats of somebody, up or down by one.
pub(super) fn count(session: &Session<'_>, state: &State, by: i64) -> Vec<Write> {
    kinds(state).into_iter().map(|kind| adjust(session, kind, by)).collect()
}

fn adjust(session: &Session<'_>, kind: &str, by: i64) -> Write {
    Write::Adjust {
        counter: format!("{COUNTER}{kind}"),
        by,
        ceiling: session.admission.policy.seat_types.get(kind).copied().flatten(),
    }
}

/// What stands before the kind in the name of its counter.
pub(in crate::service) const COUNTER: &str = "seat-type:";

/// Changes what a group gives somebody to this kind of seat, or to none, and returns what goes with it.
pub(super) fn give(
    session: &Session<'_>,
    user: &mut Resource,
    group: &str,
    kind: Option<&str>,
    is_active: bool,
) -> Vec<Write> {
    let before = user.state.clone();
    match kind {
        Some(kind) => user.state.seats.insert(group.to_owned(), kind.to_owned()),
        None => user.state.seats.remove(group),
    };
    let (old, new) = (kinds(&before), kinds(&user.state));
    let mut writes = Vec::new();
    let mut tell = |name: &str, kind: &str, by: i64| {
        if is_active {
            writes.push(adjust(session, kind, by));
        }
        let data = json!({"seat-type": kind, "group": group});
        writes.push(event::named(name, Some(&user.key), &data));
    };
    old.difference(&new).for_each(|kind| tell("withdraw-seat", kind, -1));
    new.difference(&old).for_each(|kind| tell("grant-seat", kind, 1));
    writes
}

/// The same for somebody who is there already, and all of these.
pub(in crate::service) fn give_all(
    session: &Session<'_>,
    users: &[Key],
    group: &str,
    kind: Option<&str>,
) -> Result<Vec<Write>, Error> {
    let policy = &session.admission.policy;
    let Some(rules) = &policy.users else {
        return Ok(Vec::new());
    };
    let Some(resource_type) = policy.registry.named(&rules.resource_type) else {
        return Ok(Vec::new());
    };
    let mut writes = Vec::new();
    for entry in session.entries(users)?.into_iter().flatten() {
        let before = Resource::from_entry(entry)?;
        let mut user = before.clone();
        let is_active = rules.is_active(&user.content);
        let brought = give(session, &mut user, group, kind, is_active);
        if user.state != before.state {
            writes.push(Write::Replace(user.draft(resource_type)?, before.version));
            writes.extend(brought);
        }
    }
    Ok(writes)
}
