//! Users as the product sees them: in addition to the clients' view, the effective roles and seats,
//! the product's own attributes, and the state of the record.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::lifecycle::{self, Assignments};
use super::super::write::links;
use super::super::{Session, removed};
use super::user_rules;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered;
use crate::profile::{Groups, Users};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::sorted_map::SortedMap;
use crate::store::{Direction, Key};

/// The member with the data that only the product sees.
pub const PRODUCT: &str = "urn:scimlet:product";

/// Adds the data that only the product sees to users in their response form.
pub(super) fn extend(
    session: &Session<'_>,
    resource_type: &ResourceType,
    shown: &mut [Value],
) -> Result<(), Error> {
    let (_, users) = user_rules(session)?;
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
        let is_removed = removed::is_removed(resource_type, &entry.key);
        let mut view = view(users, &Resource::from_entry(entry)?, given);
        if is_removed {
            view.insert("removed".into(), true.into());
        }
        if let Some(origin) = origins.unwrap_or_default().first() {
            view.insert("forkedFrom".into(), origin.id.as_str().into());
        }
        let attributes = mapped(session, user);
        if !attributes.is_empty() {
            view.insert("attributes".into(), attributes.into());
        }
        if let Value::Object(user) = user {
            user.insert(PRODUCT.to_owned(), view.into());
        }
    }
    Ok(())
}

/// Returns the product's data about a user. Inactive users have no effective roles and seats.
fn view(users: &Users, resource: &Resource, given: BTreeSet<String>) -> Map<String, Value> {
    let own = resource.content.get(users.roles.as_str());
    let own = own.and_then(Value::as_array).into_iter().flatten();
    let own = own.filter_map(|role| role.get("value")?.as_str());
    let mut roles: Vec<String> = own.map(ToOwned::to_owned).collect();
    roles.extend(given.into_iter().filter(|role| !roles.contains(role)).collect::<Vec<_>>());
    let mut seats = ordered::set(resource.state.seats.values());
    if !users.is_active(&resource.content) {
        (roles, seats) = (Vec::new(), BTreeSet::new());
    }
    let view = json!({
        "roles": roles,
        "seatTypes": seats,
        "provisioned": !resource.state.imported,
    });
    match view {
        Value::Object(view) => view,
        _ => Map::new(),
    }
}

/// Returns the roles that groups grant to each of these users, in their order.
fn roles_of_groups(session: &Session<'_>, users: &[Key]) -> Result<Vec<BTreeSet<String>>, Error> {
    let mut given = vec![BTreeSet::new(); users.len()];
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

/// Returns the product's own attributes, according to the profile's `attributes.map`. Of several
/// values the primary one counts, or else the first.
fn mapped(session: &Session<'_>, user: &Value) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (path, product) in session.admission.policy.attributes.map.iter() {
        let (uri, names) = match path.rsplit_once(':') {
            Some((uri, names)) => (Some(uri), names),
            None => (None, path),
        };
        let root = match uri {
            Some(uri) => member(user, uri),
            None => Some(user),
        };
        let value =
            names.split('.').try_fold(root, |at, name| Some(member(one(at?), name))).flatten();
        if let Some(value) = value {
            put(&mut attributes, product, one(value).clone());
        }
    }
    attributes
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    crate::json::member(value.as_object()?, name)
}

fn one(value: &Value) -> &Value {
    let Value::Array(values) = value else {
        return value;
    };
    let primary = values.iter().find(|value| value.get("primary") == Some(&Value::Bool(true)));
    primary.or(values.first()).unwrap_or(&Value::Null)
}

fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(object.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
