//! Traversal of requests for quirks: the operations of a PATCH, and every value with the definition
//! of its attribute.

use serde_json::Value;

use super::Sent;
use crate::filter::{AttrPath, Path};
use crate::json::{member, member_mut};
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::{Attribute, Content};

/// Rewrites one value, also a single one of a multi-valued attribute; returns whether it changed.
type RewriteValue<'r> = &'r dyn Fn(&Attribute, &mut Value) -> bool;

/// Returns the operations of a PATCH; `None` for other requests or if it has none.
pub(super) fn operations_of<'s>(sent: &'s mut Sent<'_>) -> Option<&'s mut Vec<Value>> {
    match sent {
        Sent::Patch(body) => member_mut(body, "Operations")?.as_array_mut(),
        Sent::Resource(_) | Sent::Search(_) | Sent::Filter(_) => None,
    }
}

/// Rewrites each operation.
pub(super) fn operations(
    sent: &mut Sent<'_>,
    mut rewrite: impl FnMut(&mut Content) -> bool,
) -> bool {
    let Some(operations) = operations_of(sent) else {
        return false;
    };
    let operations = operations.iter_mut().filter_map(Value::as_object_mut);
    operations.fold(false, |found, operation| rewrite(operation) | found)
}

/// Returns the path of an operation; `None` if it is missing or malformed.
pub(super) fn path(operation: &Content) -> Option<Path> {
    member(operation, "path")?.as_str()?.parse().ok()
}

/// Returns whether an operation's `op` is this one.
pub(super) fn is(operation: &Content, op: &str) -> bool {
    member(operation, "op").and_then(Value::as_str) == Some(op)
}

/// Returns the attributes in an operation without a path.
pub(super) fn pathless(operation: &mut Content) -> Option<&mut Content> {
    let pathless = member(operation, "path").is_none_or(Value::is_null);
    let value = member_mut(operation, "value").filter(|_| pathless)?;
    value.as_object_mut()
}

/// Returns the attribute that a path ends at; `None` if there is none, or the path names a whole
/// extension.
pub(super) fn target<'a>(resource_type: &'a ResourceType, path: &Path) -> Option<&'a Attribute> {
    let Some(AttributePlace::Attribute { attribute, sub, .. }) =
        resource_type.place(&path.attribute)
    else {
        return None;
    };
    match &path.sub {
        Some(name) => attribute.sub(name.as_str()),
        None => Some(sub.unwrap_or(attribute)),
    }
}

/// Rewrites every value, outer ones before inner ones.
pub(super) fn values(
    resource_type: &ResourceType,
    sent: &mut Sent<'_>,
    rewrite: RewriteValue<'_>,
) -> bool {
    if let Sent::Resource(resource) = sent {
        return members(resource_type, None, resource, rewrite);
    }
    operations(sent, |operation| match path(operation) {
        Some(path) => {
            let target = target(resource_type, &path);
            let value = member_mut(operation, "value");
            match (target, value) {
                (Some(target), Some(value)) => of_attribute(target, value, rewrite),
                (None, Some(value)) => at(resource_type, &path.attribute, value, rewrite),
                (_, None) => false,
            }
        }
        None => {
            pathless(operation).is_some_and(|value| members(resource_type, None, value, rewrite))
        }
    })
}

/// Rewrites the members of a resource or, with its URI, of an extension.
fn members(
    resource_type: &ResourceType,
    uri: Option<&str>,
    content: &mut Content,
    rewrite: RewriteValue<'_>,
) -> bool {
    let mut found = false;
    for (key, value) in content {
        let path = match uri {
            Some(uri) => format!("{uri}:{key}").parse(),
            None => key.parse(),
        };
        found |= path.is_ok_and(|path| at(resource_type, &path, value, rewrite));
    }
    found
}

fn at(
    resource_type: &ResourceType,
    path: &AttrPath,
    value: &mut Value,
    rewrite: RewriteValue<'_>,
) -> bool {
    match (resource_type.place(path), value) {
        (None, _) => false,
        (Some(AttributePlace::Attribute { attribute, sub, .. }), value) => {
            of_attribute(sub.unwrap_or(attribute), value, rewrite)
        }
        (Some(AttributePlace::Extension(schema)), Value::Object(content)) => {
            members(resource_type, Some(&schema.id), content, rewrite)
        }
        (Some(AttributePlace::Extension(_)), _) => false,
    }
}

fn of_attribute(attribute: &Attribute, value: &mut Value, rewrite: RewriteValue<'_>) -> bool {
    match value {
        Value::Array(values) if attribute.multi_valued => {
            values.iter_mut().fold(false, |found, value| single(attribute, value, rewrite) | found)
        }
        value => single(attribute, value, rewrite),
    }
}

fn single(attribute: &Attribute, value: &mut Value, rewrite: RewriteValue<'_>) -> bool {
    let mut found = rewrite(attribute, value);
    for (key, value) in value.as_object_mut().into_iter().flatten() {
        let sub = attribute.sub(key);
        found |= sub.is_some_and(|sub| of_attribute(sub, value, rewrite));
    }
    found
}
