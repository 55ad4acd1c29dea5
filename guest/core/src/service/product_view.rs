//! The data about a resource that only the product sees.

use serde_json::{Map, Value};

use super::write::event::REMOVED;
use crate::json;
use crate::ordered::OrderedSet;
use crate::profile::{Policy, Users};
use crate::resource::Resource;
use crate::resource_type::ResourceType;

/// The member with the data that only the product sees.
pub(super) const PRODUCT: &str = "urn:scimlet:product";

/// Returns the product's data about a resource with this response form. `given` are the roles that
/// groups grant to a user.
pub(super) fn view(
    policy: &Policy,
    resource_type: &ResourceType,
    resource: &Resource,
    shown: &Value,
    given: OrderedSet<String>,
) -> Map<String, Value> {
    let mut view = Map::new();
    let mut insert = |name: &str, value: Value| drop(view.insert(name.to_owned(), value));
    insert("provisioned", (!resource.state.imported).into());
    if let Some(id) = &resource.state.product_id {
        insert("productId", id.as_str().into());
    }
    if resource.key.kind.starts_with(REMOVED) {
        insert("removed", true.into());
    }
    if let Some(users) = policy.users(resource_type) {
        let (roles, seats) = rights(users, resource, given);
        insert("roles", roles.into());
        insert("seatTypes", seats.into());
        let attributes = mapped(policy, shown);
        if !attributes.is_empty() {
            insert("attributes", attributes.into());
        }
    }
    view
}

/// Returns the roles and kinds of seats of a user; an inactive one has none.
fn rights<'a>(
    users: &Users,
    resource: &'a Resource,
    given: OrderedSet<String>,
) -> (Vec<String>, Vec<&'a str>) {
    if !users.is_active(&resource.content) {
        return (Vec::new(), Vec::new());
    }
    let own = resource.content.get(users.roles.as_str());
    let own = own.and_then(Value::as_array).into_iter().flatten();
    let own = own.filter_map(|role| role.get("value")?.as_str());
    let mut roles: Vec<String> = own.map(ToOwned::to_owned).collect();
    roles.extend(given.into_iter().filter(|role| !roles.contains(role)).collect::<Vec<_>>());
    let seats = OrderedSet::from_iter(resource.state.seats.values().map(String::as_str));
    (roles, seats.into_iter().collect())
}

/// Returns the product's own attributes, according to the profile's `attributes.map`. Of several
/// values the primary one counts, or else the first.
fn mapped(policy: &Policy, user: &Value) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (path, product) in policy.attributes.map.iter() {
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
    json::member(value.as_object()?, name)
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
