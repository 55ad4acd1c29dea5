//! Seats of a kind that groups grant to their members. A user takes one seat of a kind, however
//! many groups grant it, and none while inactive; the counters change in the commit that changes
//! the members.

use serde::Serialize;
use serde_json::json;

use crate::error::Error;
use crate::json;
use crate::ordered::OrderedSet;
use crate::resource::{Resource, State};
use crate::service::Session;
use crate::service::write::event;
use crate::sorted_map::SortedMap;
use crate::store::{Draft, Key, Write};

/// Returns the key of the entry with all assignments.
pub(in crate::service) fn key() -> Key {
    Key::new("$assignments", "current")
}

/// The roles and the seat that a group grants to its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::service) struct Assigned {
    /// The names of the roles.
    pub(in crate::service) roles: Vec<String>,
    /// The kind of seat.
    pub(in crate::service) seat_type: Option<String>,
}

json::decode_struct!(open Assigned {
    roles: "roles",
    seat_type: "seat-type",
});

/// The grants of all groups, by their ids. They are one entry, which every change of members
/// expects, so that no user joins a group unnoticed while it begins to grant something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::service) struct Assignments {
    version: Option<u64>,
    groups: SortedMap<Assigned>,
}

impl Assignments {
    /// Loads the assignments; empty if the profile has none.
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

    /// Returns the expectations of a commit that changes members.
    pub(in crate::service) fn expected(&self) -> Vec<Write> {
        let version = self.version.map(|version| Write::expect(key(), version));
        version.into_iter().collect()
    }

    /// Returns the grants of a group.
    pub(in crate::service) fn of(&self, group: &str) -> Assigned {
        self.groups.get(group).cloned().unwrap_or_default()
    }

    /// Returns all groups that grant something.
    pub(in crate::service) fn all(&self) -> &SortedMap<Assigned> {
        &self.groups
    }

    /// Returns the write that replaces the grants of one group.
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
            Some(version) => Write::replace(draft, version),
            None => Write::Insert(draft),
        })
    }
}

/// Returns the kinds of seats that a user takes.
pub(super) fn kinds(state: &State) -> OrderedSet<&str> {
    OrderedSet::from_iter(state.seats.values().map(String::as_str))
}

/// Returns the writes that change the counters of all kinds of a user's seats by `by`, which is 1
/// or -1.
pub(super) fn count(session: &Session<'_>, state: &State, by: i64) -> Vec<Write> {
    kinds(state).into_iter().map(|kind| adjust(session, kind, by)).collect()
}

fn adjust(session: &Session<'_>, kind: &str, by: i64) -> Write {
    let ceiling = session.admission.policy.seat_types.get(kind).copied().flatten();
    Write::adjust(format!("{COUNTER}{kind}"), by, ceiling)
}

/// The prefix of a counter's name; the kind of seat follows it.
pub(in crate::service) const COUNTER: &str = "seat-type:";

/// Changes the kind of seat that a group grants to a user, perhaps to none, and returns the writes
/// that follow.
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

/// Changes the kind of seat that a group grants to each of these existing users, and returns the
/// writes that follow.
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
            writes.push(Write::replace(user.draft(resource_type)?, before.version));
            writes.extend(brought);
        }
    }
    Ok(writes)
}
