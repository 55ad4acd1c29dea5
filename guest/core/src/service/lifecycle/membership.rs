//! Users' membership in groups.

use serde_json::json;

use super::seat::{self, Assigned, Assignments};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::profile::Groups;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::service::Session;
use crate::service::write::event::{self, ChangeKind};
use crate::service::write::links::{self, FORMER};
use crate::store::{Direction, Key, Link, Write};

/// Returns the links that add a new user to the credential's target group, and the writes that
/// follow from them.
pub(super) fn into_target_group(
    session: &Session<'_>,
    user: &mut Resource,
    is_active: bool,
) -> Result<Vec<Write>, Error> {
    let policy = &session.admission.policy;
    let (Some(id), Some(groups)) = (&session.admission.target_group, &policy.groups) else {
        return Ok(Vec::new());
    };
    let group = Key::new(groups.resource_type.clone(), id.clone());
    if session.entries(std::slice::from_ref(&group))?.iter().all(Option::is_none) {
        let detail = "the group that this credential's users go into is not there any more";
        return Err(Error::new(ErrorKind::Forbidden, detail));
    }
    let members = groups.members.as_str();
    let mut writes = vec![Write::Link(vec![link(&group, members, &user.key)])];
    let given = MemberRoles::load(session, groups, &group)?;
    writes.extend(given.told(std::slice::from_ref(&user.key), &[]));
    let seat_type = given.assigned.seat_type.as_deref();
    writes.extend(seat::give(session, user, &group.id, seat_type, is_active));
    let attributes = [members.to_owned()];
    writes.push(event::notice(ChangeKind::Patch, &group, &attributes, None));
    Ok(writes)
}

/// Removes a user from all groups, and records the memberships. Also returns the groups' ids.
pub(super) fn leave_all(
    session: &Session<'_>,
    user: &Key,
) -> Result<(Vec<Write>, Vec<String>), Error> {
    let Some(groups) = &session.admission.policy.groups else {
        return Ok((Vec::new(), Vec::new()));
    };
    let members = groups.members.as_str();
    let (left, former) = (ends(session, user, members)?, ends(session, user, FORMER)?);
    let mut writes = Vec::new();
    let links = |groups: Vec<&Key>, name| {
        groups.into_iter().map(|group| link(group, name, user)).collect::<Vec<_>>()
    };
    if !left.is_empty() {
        writes.push(Write::Unlink(links(left.iter().collect(), members)));
    }
    let new: Vec<&Key> = left.iter().filter(|group| !former.contains(group)).collect();
    if !new.is_empty() {
        writes.push(Write::Link(links(new, FORMER)));
    }
    Ok((writes, left.into_iter().map(|group| group.id).collect()))
}

/// Removes the record of the groups that a user was in.
pub(super) fn forget(session: &Session<'_>, user: &Key) -> Result<Vec<Write>, Error> {
    let former = ends(session, user, FORMER)?;
    let links: Vec<Link> = former.iter().map(|group| link(group, FORMER, user)).collect();
    Ok(if links.is_empty() { Vec::new() } else { vec![Write::Unlink(links)] })
}

fn ends(session: &Session<'_>, user: &Key, name: &str) -> Result<Vec<Key>, Error> {
    let limit = limits::LINKS_PER_REQUEST;
    let found = links::all(session, std::slice::from_ref(user), name, Direction::Incoming, limit)?;
    found.into_iter().next().flatten().ok_or_else(|| {
        let detail = format!(
            "somebody who is in more than {limit} groups cannot be taken out of all at once"
        );
        Error::new(ErrorKind::TooMany, detail)
    })
}

fn link(group: &Key, name: &str, user: &Key) -> Link {
    Link { source: group.clone(), name: name.to_owned(), target: user.clone() }
}

/// The roles that a group grants to its members, by its name and by assignment.
struct MemberRoles {
    group: String,
    roles: Vec<String>,
    assigned: Assigned,
    expected: Vec<Write>,
}

impl MemberRoles {
    fn load(session: &Session<'_>, groups: &Groups, group: &Key) -> Result<Self, Error> {
        let assignments = Assignments::load(session)?;
        let assigned = assignments.of(&group.id);
        let mut roles = assigned.roles.clone();
        roles.extend(named_roles(session, groups, group)?);
        Ok(Self { group: group.id.clone(), roles, assigned, expected: assignments.expected() })
    }

    /// Returns the expectations of the commit, and the events for members whose roles change.
    fn told(&self, joined: &[Key], left: &[Key]) -> Vec<Write> {
        let mut writes = self.expected.clone();
        if !self.roles.is_empty() {
            let data = json!({"group": self.group, "roles": self.roles});
            let told = |name, users: &[Key]| -> Vec<Write> {
                let each = users.iter().map(|user| event::named(name, Some(user), &data));
                each.collect()
            };
            writes.extend(told("grant-roles", joined));
            writes.extend(told("withdraw-roles", left));
        }
        writes
    }
}

/// Returns the writes that follow from a change of a group's members: the seats and roles that the
/// group grants. `writes` are the links.
pub(in crate::service) fn changed(
    session: &Session<'_>,
    resource_type: &ResourceType,
    group: &Key,
    writes: &[Write],
) -> Result<Vec<Write>, Error> {
    let Some(groups) = session.admission.policy.groups(resource_type) else {
        return Ok(Vec::new());
    };
    if writes.is_empty() || (groups.roles.is_empty() && !groups.assignments) {
        return Ok(Vec::new());
    }
    let given = MemberRoles::load(session, groups, group)?;
    if given.roles.is_empty() && given.assigned.seat_type.is_none() {
        return Ok(given.expected);
    }
    let (joined, left) = moved(session, groups, group, writes)?;
    let mut brought = given.told(&joined, &left);
    if let Some(kind) = given.assigned.seat_type.as_deref() {
        brought.extend(seat::give_all(session, &joined, &group.id, Some(kind))?);
        brought.extend(seat::give_all(session, &left, &group.id, None)?);
    }
    Ok(brought)
}

/// Returns the users who join the group, and those who leave it.
fn moved(
    session: &Session<'_>,
    groups: &Groups,
    group: &Key,
    writes: &[Write],
) -> Result<(Vec<Key>, Vec<Key>), Error> {
    let people = &session.admission.policy.users;
    let is_person =
        |key: &Key| people.as_ref().is_some_and(|users| users.resource_type == key.kind);
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for write in writes {
        match write {
            Write::Link(links) => joined.extend(links.iter().map(|link| link.target.clone())),
            Write::Unlink(links) => left.extend(links.iter().map(|link| link.target.clone())),
            Write::UnlinkAll(..) => left.extend(members(session, groups, group)?),
            _ => {}
        }
    }
    joined.retain(is_person);
    left.retain(is_person);
    let stay: Vec<Key> = joined.iter().filter(|user| left.contains(user)).cloned().collect();
    joined.retain(|user| !stay.contains(user));
    left.retain(|user| !stay.contains(user));
    Ok((joined, left))
}

/// Returns all members of a group that grants roles or seats, whose number is limited.
pub(in crate::service) fn members(
    session: &Session<'_>,
    groups: &Groups,
    group: &Key,
) -> Result<Vec<Key>, Error> {
    let limit = limits::ASSIGNED_MEMBERS;
    let anchor = std::slice::from_ref(group);
    let name = groups.members.as_str();
    let found = links::all(session, anchor, name, Direction::Outgoing, limit)?;
    found.into_iter().next().flatten().ok_or_else(|| {
        let detail = format!("a group that gives roles or seats may have at most {limit} members");
        Error::new(ErrorKind::TooMany, detail)
    })
}

/// Returns the roles that the profile grants to the members of a group of this name.
pub(in crate::service) fn named_roles(
    session: &Session<'_>,
    groups: &Groups,
    group: &Key,
) -> Result<Vec<String>, Error> {
    if groups.roles.is_empty() {
        return Ok(Vec::new());
    }
    let entry = session.entries(std::slice::from_ref(group))?.into_iter().flatten().next();
    let resource = entry.map(Resource::from_entry).transpose()?;
    let name = resource.as_ref().and_then(|r| r.content.get(groups.name.as_str())?.as_str());
    let roles = name.and_then(|name| groups.roles.get(name));
    Ok(roles.cloned().unwrap_or_default())
}

/// Returns the writes that follow from the removal of a group: what it granted is withdrawn.
pub(in crate::service) fn dissolved(
    session: &Session<'_>,
    resource_type: &ResourceType,
    group: &Key,
) -> Result<Vec<Write>, Error> {
    let Some(groups) = session.admission.policy.groups(resource_type) else {
        return Ok(Vec::new());
    };
    let all = [Write::unlink_all(group.clone(), groups.members.as_str())];
    let mut brought = changed(session, resource_type, group, &all)?;
    let assignments = Assignments::load(session)?;
    if assignments.all().contains_key(&group.id) {
        brought.retain(|write| !assignments.expected().contains(write));
        brought.push(assignments.replaced(&group.id, Assigned::default())?);
    }
    Ok(brought)
}
