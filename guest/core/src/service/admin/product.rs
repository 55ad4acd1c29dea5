//! Users as the product sees them: in addition to the clients' view, the effective roles and seats,
//! the product's own attributes, and the state of the record.

use serde_json::Value;

use super::super::lifecycle::{self, Assignments};
use super::super::write::links;
use super::super::{Session, product_view, removed};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered::OrderedSet;
use crate::profile::Groups;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::sorted_map::SortedMap;
use crate::store::{Direction, Key};

/// Adds the data that only the product sees to users in their response form.
pub(super) fn extend(
    session: &Session<'_>,
    resource_type: &ResourceType,
    shown: &mut [Value],
) -> Result<(), Error> {
    let ids = shown.iter().filter_map(|user| user.get("id")?.as_str());
    let keys: Vec<Key> = ids.map(|id| Key::new(resource_type.name(), id)).collect();
    let entries = removed::entries(session, resource_type, &keys)?;
    let given = roles_of_groups(session, &keys)?;
    let limit = limits::LINKS_PER_RESPONSE;
    let origins = links::all(session, &keys, links::FORKED_FROM, Direction::Outgoing, limit)?;
    // The users are in the order of the keys.
    let named = shown.iter_mut().filter(|user| user.get("id").is_some_and(Value::is_string));
    for (((user, entry), given), origins) in named.zip(entries).zip(given).zip(origins) {
        let Some(entry) = entry else {
            continue;
        };
        let policy = &session.admission.policy;
        let resource = Resource::from_entry(entry)?;
        let mut view = product_view::view(policy, resource_type, &resource, user, given);
        if let Some(origin) = origins.unwrap_or_default().first() {
            view.insert("forkedFrom".into(), origin.id.as_str().into());
        }
        if let Value::Object(user) = user {
            user.insert(product_view::PRODUCT.to_owned(), view.into());
        }
    }
    Ok(())
}

/// Returns the roles that groups grant to each of these users, in their order.
fn roles_of_groups(session: &Session<'_>, users: &[Key]) -> Result<Vec<OrderedSet<String>>, Error> {
    let mut given = vec![OrderedSet::new(); users.len()];
    let policy = &session.admission.policy;
    let Some(groups) = policy.groups.as_ref() else {
        return Ok(given);
    };
    let assignments = Assignments::load(session)?;
    if assignments.all().is_empty() && groups.roles.is_empty() {
        return Ok(given);
    }
    let limit = limits::LINKS_PER_RESPONSE;
    let members = groups.members.as_str();
    let of_users = links::all(session, users, members, Direction::Incoming, limit)?;
    let mut known: SortedMap<Vec<String>> = SortedMap::new();
    for ((user, given), ends) in users.iter().zip(&mut given).zip(of_users) {
        let ends = ends.ok_or_else(|| {
            let detail = format!("`{}` is in more than {limit} groups", user.id);
            Error::new(ErrorKind::TooMany, detail)
        })?;
        for group in ends {
            if !known.contains_key(&group.id) {
                let roles = roles_of(session, groups, &assignments, &group)?;
                known.insert(group.id.clone(), roles);
            }
            given.extend(known.get(&group.id).into_iter().flatten().cloned());
        }
    }
    Ok(given)
}

fn roles_of(
    session: &Session<'_>,
    groups: &Groups,
    assignments: &Assignments,
    group: &Key,
) -> Result<Vec<String>, Error> {
    let mut roles = assignments.of(&group.id).roles;
    roles.extend(lifecycle::named_roles(session, groups, group)?);
    Ok(roles)
}
