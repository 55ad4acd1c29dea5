//! Examples of how a PATCH changes content.

use serde_json::{Value, json};

use super::{Patch, operations};
use crate::error::ErrorKind;
use crate::profile::Policy;

fn patched(
    resource_type: &str,
    content: &Value,
    body: Value,
) -> Result<(Value, super::Changes), ErrorKind> {
    let policy = Policy::preset("default").unwrap();
    let content = content.as_object().unwrap().clone();
    let resource_type = policy.registry.named(resource_type).unwrap();
    let mut patch = Patch::new(resource_type, content);
    let body = json!({"schemas": [crate::urn::PATCH_OP], "Operations": body});
    for operation in operations(body).map_err(|e| e.kind)? {
        patch.apply(operation).map_err(|e| e.kind)?;
    }
    Ok((patch.content.into(), patch.changes))
}

fn content(before: Value, body: Value) -> Result<Value, ErrorKind> {
    patched("User", &before, body).map(|(content, _)| content)
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn without_a_path_the_value_names_the_attributes() {
    let before = json!({"userName": "a", "active": true, "name": {"givenName": "A"}});
    let body = json!([{"op": "replace", "value": {"active": false, "name": {"familyName": "B"}}}]);
    let after =
        json!({"userName": "a", "active": false, "name": {"givenName": "A", "familyName": "B"}});
    assert_eq!(content(before, body), Ok(after));
}

#[test]
fn urns_are_not_split_at_the_dot_in_2_0() {
    let before = json!({"userName": "a"});
    let path = format!("{ENTERPRISE}:employeeNumber");
    let body = json!([{"op": "add", "path": path, "value": "1"}]);
    let after = json!({"userName": "a", ENTERPRISE: {"employeeNumber": "1"}});
    assert_eq!(content(before, body), Ok(after.clone()));
    let body = json!([{"op": "remove", "path": path}]);
    assert_eq!(content(after, body), Ok(json!({"userName": "a"})));
}

#[test]
fn a_filtered_add_makes_the_value_and_later_operations_find_it() {
    let before = json!({"userName": "a", "emails": [{"type": "home", "value": "h"}]});
    let body = json!([
        {"op": "add", "path": "emails[type eq \"work\"].value", "value": "w"},
        {"op": "replace", "path": "emails[type eq \"work\"].display", "value": "W"},
    ]);
    let emails =
        json!([{"type": "home", "value": "h"}, {"type": "work", "value": "w", "display": "W"}]);
    assert_eq!(content(before, body), Ok(json!({"userName": "a", "emails": emails})));
}

#[test]
fn a_new_primary_takes_it_from_the_others() {
    let before = json!({"userName": "a", "emails": [{"value": "x", "primary": true}]});
    let body = json!([{"op": "add", "path": "emails", "value": [{"value": "y", "primary": true}]}]);
    let emails = json!([{"value": "x", "primary": false}, {"value": "y", "primary": true}]);
    assert_eq!(content(before, body), Ok(json!({"userName": "a", "emails": emails})));
}

#[test]
fn what_cannot_be_is_refused_with_the_right_type() {
    let before = || json!({"userName": "a"});
    let cases = [
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}]),
            ErrorKind::NoTarget,
        ),
        (json!([{"op": "replace", "path": "groups", "value": []}]), ErrorKind::Mutability),
        (json!([{"op": "replace", "value": {"id": "x"}}]), ErrorKind::Mutability),
        (json!([{"op": "replace", "path": "nothing", "value": 1}]), ErrorKind::InvalidPath),
        (json!([{"op": "replace", "path": "emails[", "value": 1}]), ErrorKind::InvalidPath),
        (json!([{"op": "replace", "path": "active", "value": "maybe"}]), ErrorKind::InvalidValue),
        (json!([{"op": "remove"}]), ErrorKind::NoTarget),
        (json!([{"op": "remove", "path": "userName"}]), ErrorKind::Mutability),
        (json!([{"op": "move", "path": "userName"}]), ErrorKind::InvalidSyntax),
        (json!([]), ErrorKind::InvalidSyntax),
    ];
    for (body, kind) in cases {
        assert_eq!(content(before(), body.clone()), Err(kind), "{body}");
    }
}

#[test]
fn members_become_changes_of_links() {
    let group = json!({"displayName": "g"});
    let body = json!([
        {"op": "remove", "path": "members[value eq \"u1\"]"},
        {"op": "add", "path": "members", "value": [{"value": "u2", "display": null}]},
    ]);
    let (after, changes) = patched("Group", &group, body).unwrap();
    assert_eq!(after, group);
    let change = changes.get("members").unwrap();
    assert!(!change.cleared);
    assert_eq!(change.ids(true).collect::<Vec<_>>(), ["u2"]);
    assert_eq!(change.ids(false).collect::<Vec<_>>(), ["u1"]);
    let body = json!([{"op": "replace", "value": {"members": [{"value": "u3"}]}}]);
    let (_, changes) = patched("Group", &group, body).unwrap();
    assert!(changes.get("members").unwrap().cleared);
}
