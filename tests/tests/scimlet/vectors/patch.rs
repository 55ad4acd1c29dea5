//! The supplied patches: a resource and operations give a resource or an error.

use std::sync::{Arc, LazyLock};

use scimlet_core::dialect::Sent;
use scimlet_core::error::{Error, ErrorKind};
use scimlet_core::patch::{Patch, operations};
use scimlet_core::profile::Policy;
use scimlet_core::resource_type::ResourceType;
use scimlet_core::schema::Content;
use scimlet_core::urn;
use scimlet_tests::inferred::{self, Inferred};
use serde_json::{Map, Value, json};

use super::nested;

/// The built-in types with a group's members as content, since these cases know no links, and with
/// names that members bring along, since nobody computes them here.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let built_in = Policy::preset("default").expect("there is a default");
    let group = built_in.registry.named("Group").expect("there are groups").core();
    let mut group = serde_json::to_value(group).expect("a schema is JSON");
    let members = group["attributes"].as_array_mut().and_then(|attributes| attributes.get_mut(1));
    for part in members.and_then(|m| m["subAttributes"].as_array_mut()).into_iter().flatten() {
        part["mutability"] = "immutable".into();
    }
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let profile = json!({"extends": "default", "schemas": [group], "resourceTypes": [
        {"name": "User", "endpoint": "/Users",
            "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
            "schemaExtensions": [{"schema": enterprise}]},
        {"name": "Group", "endpoint": "/Groups",
            "schema": "urn:ietf:params:scim:schemas:core:2.0:Group"},
    ]});
    Policy::from_document(&profile.to_string()).expect("the profile is one")
});

/// Judges the outcome of a case. An outcome that the RFC demands must hold with the default
/// profile's quirks too: they harm no correct client.
pub fn judge(case: &Value) -> Result<(), String> {
    compared(case, outcome(case, None)?)?;
    if !case["error"].is_null() {
        return Ok(());
    }
    let default = Policy::preset("default").map_err(|error| error.to_string())?;
    compared(case, outcome(case, Some(&default))?).map_err(|error| format!("with quirks: {error}"))
}

/// Returns the outcome of a case under the quirks of a preset.
pub fn decide(case: &Value, preset: &str) -> Result<&'static str, String> {
    let policy = Policy::preset(preset).map_err(|error| error.to_string())?;
    let outcome = outcome(case, Some(&policy))?;
    let refused = outcome.is_err();
    Ok(match compared(case, outcome) {
        Ok(()) => "as-expected",
        Err(_) if refused => "refuse",
        Err(_) => "differs",
    })
}

fn outcome(case: &Value, quirks: Option<&Policy>) -> Result<Result<Content, Error>, String> {
    let resource = nested(case["resource"].as_object().ok_or("no resource")?);
    let operations = &case["operations"];
    let mut outcome = None;
    if let Some(of) = fitting(&POLICY, &resource) {
        outcome = Some(patched(of, &resource, operations, quirks));
    }
    // Cases without a schema may use attributes that no schema has.
    let unknown = matches!(&outcome, Some(Err(error)) if error.kind == ErrorKind::InvalidPath);
    if outcome.is_none() || (unknown && case["error"].is_null() && case["schema"].is_null()) {
        let policy = inferred(&resource, operations);
        let of = inferred::case(&policy);
        outcome = Some(patched(of, &resource, operations, quirks));
    }
    Ok(outcome.ok_or("no type fits")?)
}

fn compared(case: &Value, outcome: Result<Content, Error>) -> Result<(), String> {
    match (&case["error"], outcome) {
        (Value::Null, Ok(content)) => {
            let expected = canonical(&case["expected"]);
            let found = canonical(&Value::Object(content));
            if expected == found {
                Ok(())
            } else {
                Err(format!("{found}\nand should be\n{expected}"))
            }
        }
        (Value::Null, Err(error)) => Err(format!("{:?}: {error}", error.kind)),
        (error, Ok(content)) => {
            Err(format!("{error} expected, but it gives {}", Value::Object(content)))
        }
        (error, Err(found)) => match error["scimType"].as_str() {
            Some(expected) if found.kind.scim_type() != Some(expected) => {
                Err(format!("{expected} expected, but it is {:?}: {found}", found.kind))
            }
            _ => Ok(()),
        },
    }
}

fn patched(
    of: &ResourceType,
    resource: &Content,
    given: &Value,
    quirks: Option<&Policy>,
) -> Result<Content, Error> {
    let mut content = resource.clone();
    for common in ["schemas", "id", "meta"] {
        content.remove(common);
    }
    let mut patch = Patch::new(of, content);
    let mut body = json!({"schemas": [urn::PATCH_OP], "Operations": given});
    for quirk in quirks.into_iter().flat_map(|policy| &policy.quirks) {
        if let Some(mut sent) = Sent::patch(&mut body) {
            quirk.rewrite(of, &mut sent);
        }
    }
    for operation in operations(body)? {
        patch.apply(operation)?;
    }
    Ok(patch.content)
}

/// A policy that fits the resource and the operations.
fn inferred(resource: &Content, operations: &Value) -> Arc<Policy> {
    let mut inferred = Inferred::default();
    inferred.resource(resource);
    for operation in operations.as_array().into_iter().flatten() {
        let value = &operation["value"];
        match operation["path"].as_str() {
            Some(path) => inferred.resource(&nested(&at(path, value))),
            None => {
                value.as_object().into_iter().for_each(|value| inferred.resource(&nested(value)))
            }
        }
    }
    inferred.policy()
}

/// An object that has the value at a path, brackets left out.
fn at(path: &str, value: &Value) -> Map<String, Value> {
    let (name, behind) = path.split_once('[').unwrap_or((path, ""));
    let sub = behind.rsplit_once("].").map(|(_, sub)| sub);
    let dotted = name.split_once('.').filter(|_| !name.contains(':'));
    match (dotted, sub) {
        (Some((name, sub)), _) => Map::from_iter([(name.to_owned(), json!({ sub: value }))]),
        (None, Some(sub)) => Map::from_iter([(name.to_owned(), json!([{ sub: value }]))]),
        (None, None) => Map::from_iter([(name.to_owned(), value.clone())]),
    }
}

fn fitting<'p>(policy: &'p Policy, resource: &Content) -> Option<&'p ResourceType> {
    let named = resource.get("schemas").and_then(Value::as_array);
    policy.registry.types().iter().find(|of| {
        let is_main = |uri: &Value| uri.as_str() == Some(of.core().id.as_str());
        let knows = |key: &String| of.attribute(key).is_some() || of.extension(key).is_some();
        named.is_none_or(|uris| uris.iter().any(is_main)) && resource.keys().all(knows)
    })
}

/// Returns a document without unassigned values and without those that the service computes.
fn canonical(value: &Value) -> Value {
    let Value::Object(members) = value else {
        return assigned(value);
    };
    let kept = nested(members)
        .into_iter()
        .filter(|(key, _)| !["schemas", "id", "meta"].contains(&key.as_str()));
    assigned(&Value::Object(kept.collect()))
}

fn assigned(value: &Value) -> Value {
    let is_assigned = |value: &Value| match value {
        Value::Null => false,
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), assigned(value)));
            Value::Object(members.filter(|(_, value)| is_assigned(value)).collect())
        }
        Value::Array(values) => values.iter().map(assigned).filter(is_assigned).collect(),
        value => value.clone(),
    }
}
