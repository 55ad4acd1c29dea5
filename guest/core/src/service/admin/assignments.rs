//! Roles and kinds of seats that the product assigns to groups, and groups grant to their members.

use serde_json::{Value, json};

use super::super::lifecycle::{self, Assigned, Assignments};
use super::super::write::{audit, event};
use super::super::{Options, Session, create};
use super::{Problem, as_product, has_none};
use crate::error::{Error, ErrorKind};
use crate::port::Ports;
use crate::profile::Groups;
use crate::resource_type::ResourceType;
use crate::store::{Key, Write};

/// The roles and the kind of seat that a group grants to its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The names of the roles.
    pub roles: Vec<String>,
    /// One of the profile's `seat-types`.
    pub seat_type: Option<String>,
}

/// Replaces the roles and seats that a group grants to its members; `group` is its id or its name.
///
/// # Errors
/// If there is no such group, the profile does not allow the assignment, or no seat is left.
pub fn assign_group(ports: &Ports<'_>, group: &str, given: &Assignment) -> Result<(), Problem> {
    as_product(ports, |session| {
        let (resource_type, groups) = groups(session)?;
        check(session, groups, given)?;
        let group = found(session, resource_type, groups, group)?
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such group"))?;
        let assignments = Assignments::load(session)?;
        let (old, new) = (
            assignments.of(&group.id),
            Assigned { roles: given.roles.clone(), seat_type: given.seat_type.clone() },
        );
        if old == new {
            return Ok(());
        }
        let mut writes = vec![assignments.replaced(&group.id, new.clone())?];
        let members = lifecycle::members(session, groups, &group)?;
        let people = session.admission.policy.users.as_ref();
        let members: Vec<Key> = members
            .into_iter()
            .filter(|key| people.is_some_and(|users| users.resource_type == key.kind))
            .collect();
        let kind = new.seat_type.as_deref();
        writes.extend(lifecycle::give_all(session, &members, &group.id, kind)?);
        let given = json!({"roles": new.roles, "seat-type": new.seat_type});
        writes.push(audit::noted("group-assigned", Some(&group), &given));
        writes.extend(told(&group, &members, &old.roles, &new.roles));
        let outcome = session.commit(session.ports.clock.now(), writes);
        outcome
            .map(drop)
            .map_err(|refusal| super::super::write::update::conflict(resource_type, refusal))
    })
}

/// Returns the events for members whose roles change.
fn told(group: &Key, members: &[Key], old: &[String], new: &[String]) -> Vec<Write> {
    let without = |from: &[String], others: &[String]| -> Vec<String> {
        from.iter().filter(|role| !others.contains(role)).cloned().collect()
    };
    let mut writes = Vec::new();
    for (name, roles) in [("withdraw-roles", without(old, new)), ("grant-roles", without(new, old))]
    {
        if !roles.is_empty() {
            let data = json!({"group": group.id, "roles": roles});
            writes.extend(members.iter().map(|user| event::named(name, Some(user), &data)));
        }
    }
    writes
}

fn check(session: &Session<'_>, groups: &Groups, given: &Assignment) -> Result<(), Error> {
    if !groups.assignments {
        return Err(has_none("assignments: `groups.assignments` is false"));
    }
    let kinds = &session.admission.policy.seat_types;
    let unknown = given.seat_type.as_ref();
    match unknown.filter(|kind| !kinds.is_empty() && !kinds.contains_key(kind)) {
        None => Ok(()),
        Some(kind) => {
            let known: Vec<&str> = kinds.keys().collect();
            let detail = format!("there is no seat type `{kind}`, but {}", known.join(", "));
            Err(Error::new(ErrorKind::InvalidValue, detail))
        }
    }
}

/// Returns the groups that grant roles or seats, by their ids.
///
/// # Errors
/// If the store fails.
pub fn assignments(ports: &Ports<'_>) -> Result<Vec<(String, Assignment)>, Problem> {
    as_product(ports, |session| {
        let assignments = Assignments::load(session)?;
        let listed = assignments.all().iter().map(|(id, given)| {
            let assignment =
                Assignment { roles: given.roles.clone(), seat_type: given.seat_type.clone() };
            (id.to_owned(), assignment)
        });
        Ok(listed.collect())
    })
}

/// Returns the id of the group of this id or name; creates the group if there is none.
pub(super) fn group_to_go_into(ports: &Ports<'_>, group: &str) -> Result<String, Problem> {
    as_product(ports, |session| {
        let (resource_type, groups) = groups(session)?;
        if let Some(found) = found(session, resource_type, groups, group)? {
            return Ok(found.id);
        }
        let mut body = serde_json::Map::new();
        body.insert("schemas".to_owned(), json!([resource_type.core().id]));
        body.insert(groups.name.as_str().to_owned(), group.into());
        let made =
            create::create(session, resource_type, Value::Object(body), &Options::default())?;
        Ok(made.id)
    })
}

/// Returns the resource type of groups, and the rules for them.
pub(super) fn groups<'a>(session: &Session<'a>) -> Result<(&'a ResourceType, &'a Groups), Error> {
    let policy = &session.admission.policy;
    let groups = policy.groups.as_ref().ok_or_else(|| has_none("groups"))?;
    let resource_type = policy.registry.named(&groups.resource_type);
    Ok((resource_type.ok_or_else(|| has_none("groups"))?, groups))
}

/// Returns the group of this id, or else of this name.
fn found(
    session: &Session<'_>,
    resource_type: &ResourceType,
    groups: &Groups,
    group: &str,
) -> Result<Option<Key>, Error> {
    let key = Key::new(resource_type.name(), group);
    let by_id = session.entries(std::slice::from_ref(&key))?;
    if by_id.iter().any(Option::is_some) {
        return Ok(Some(key));
    }
    let named = lifecycle::having(
        session,
        resource_type,
        resource_type.name(),
        &groups.name,
        &group.into(),
    )?;
    Ok(named.into_iter().next().map(|resource| resource.key))
}
