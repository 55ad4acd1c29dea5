//! Quirks of SCIM 1 names in SCIM 2 requests: schema URIs, and sub-attributes that were renamed.
//! `schemas/scim_1.json` lists them.

use std::sync::LazyLock;

use serde_json::Value;

use super::names::schemas;
use super::{Sent, filters, visit};
use crate::filter::{AttrPath, Path};
use crate::json::{self, member, member_mut};
use crate::resource_type::{AttributePlace, ResourceType};
use crate::schema::Content;
use crate::sorted_map::SortedMap;
use crate::urn;

/// The names of SCIM 1.
#[derive(Debug, Default)]
struct Scim1 {
    /// The URI of the main schema of every type.
    core: String,
    /// The URIs of extensions, from SCIM 1 to SCIM 2.
    extensions: SortedMap<String>,
    /// The names of sub-attributes, from SCIM 1 to SCIM 2, by the path of the attribute.
    parts: SortedMap<SortedMap<String>>,
}

json::decode_struct!(open Scim1 {
    core: "core",
    extensions: "extensions",
    parts: "parts",
});

static SCIM_1: LazyLock<Scim1> = LazyLock::new(|| {
    crate::json::from_str(crate::json::built_in!("schemas/scim_1.json")).unwrap_or_default()
});

/// OneLogin's templates may name the schemas of SCIM 1 (`urn:scim:schemas:core:1.0`), and the
/// manager by `managerId`; Google Workspace names the main schemas of both versions.
pub(super) fn scim_1_names(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    match sent {
        Sent::Resource(resource) => scim_1_in_resource(resource_type, resource),
        Sent::Patch(_) => {
            visit::operations(sent, |operation| scim_1_in_operation(resource_type, operation))
        }
        Sent::Search(_) | Sent::Filter(_) => false,
    }
}

fn scim_1_in_operation(resource_type: &ResourceType, operation: &mut Content) -> bool {
    if let Some(attributes) = visit::pathless(operation) {
        let mut found = false;
        for (mut key, mut value) in std::mem::take(attributes) {
            found |= filters::reprinted(&mut key, |path| scim_1_path(resource_type, path));
            let parts = key.parse().ok().and_then(|path| scim_1_parts(resource_type, &path));
            found |= parts.is_some_and(|parts| all_renamed(value.as_object_mut(), parts));
            attributes.insert(key, value);
        }
        return scim_1_in_resource(resource_type, attributes) | found;
    }
    let Some(Value::String(text)) = member_mut(operation, "path") else {
        return false;
    };
    // A whole extension: the parser accepts no name that begins with a digit.
    let extension = present_uri(resource_type, text).filter(|_| !urn::same(text, &SCIM_1.core));
    if let Some(uri) = extension {
        uri.clone_into(text);
    }
    let rewritten = extension.is_some()
        | filters::reprinted(text, |path: &mut Path| {
            scim_1_path(resource_type, &mut path.attribute)
        });
    let Ok(path) = text.parse::<Path>() else {
        return rewritten;
    };
    let value = member_mut(operation, "value").and_then(Value::as_object_mut);
    let parts =
        scim_1_parts(resource_type, &path.attribute).filter(|_| path.attribute.sub.is_none());
    let in_value = match (parts, value) {
        (Some(parts), value) => all_renamed(value, parts),
        (None, Some(value)) if resource_type.extension(&path.attribute.to_string()).is_some() => {
            let mut extension = Content::new();
            let uri = path.attribute.to_string();
            extension.insert(uri.clone(), std::mem::take(value).into());
            let found = scim_1_in_resource(resource_type, &mut extension);
            if let Some(Value::Object(inner)) = extension.remove(&uri) {
                *value = inner;
            }
            found
        }
        _ => false,
    };
    rewritten | in_value
}

/// Converts a path to the names of SCIM 2.
fn scim_1_path(resource_type: &ResourceType, path: &mut AttrPath) -> bool {
    let now = |uri: &str| present_uri(resource_type, uri).filter(|_| !urn::same(uri, &SCIM_1.core));
    let mut found = false;
    if let Some(now) = path.uri.as_deref().and_then(now) {
        path.uri = Some(now.to_owned());
        found = true;
    }
    let parts = scim_1_parts(resource_type, path);
    if let (Some(parts), Some(sub)) = (parts, &path.sub)
        && let Some(now) = parts.iter().find(|(then, _)| *sub == **then)
        && let Ok(now) = now.1.parse()
    {
        path.sub = Some(now);
        found = true;
    }
    found
}

/// Returns the renamed sub-attributes of the attribute that a path names, which may lack the URI of
/// its extension.
fn scim_1_parts<'s>(
    resource_type: &ResourceType,
    path: &AttrPath,
) -> Option<&'s SortedMap<String>> {
    let names = |known: &str| {
        let known: AttrPath = known.parse().ok()?;
        let same_uri = match (&path.uri, &known.uri) {
            (None, _) => resource_type.attribute(path.name.as_str()).is_none(),
            (Some(given), Some(known)) => urn::same(given, known),
            (Some(_), None) => false,
        };
        Some(same_uri && known.name == path.name)
    };
    let mut parts = SCIM_1.parts.iter();
    let found = parts.find(|(known, _)| names(known) == Some(true));
    found.map(|(_, parts)| parts)
}

fn all_renamed(value: Option<&mut Content>, parts: &SortedMap<String>) -> bool {
    let Some(value) = value else { return false };
    let renames = parts.iter().map(|(then, now)| renamed(value, then, now));
    renames.fold(false, |found, renamed| found | renamed)
}

fn scim_1_in_resource(resource_type: &ResourceType, resource: &mut Content) -> bool {
    let mut found = false;
    for uri in schemas(resource).into_iter().flatten() {
        let now = uri.as_str().and_then(|uri| present_uri(resource_type, uri));
        found |= now.is_some_and(|now| {
            *uri = now.into();
            true
        });
    }
    for (then, now) in SCIM_1.extensions.iter() {
        found |= resource_type.extension(now).is_some() && renamed(resource, then, now);
    }
    for (path, parts) in SCIM_1.parts.iter() {
        found |= all_renamed(value_at(resource_type, resource, path), parts);
    }
    found
}

fn present_uri<'a>(resource_type: &'a ResourceType, uri: &str) -> Option<&'a str> {
    if urn::same(uri, &SCIM_1.core) {
        return Some(&resource_type.core().id);
    }
    let mut extensions = SCIM_1.extensions.iter();
    let (_, now) = extensions.find(|(then, _)| urn::same(then, uri))?;
    resource_type.extension(now).map(|schema| schema.id.as_str())
}

/// Renames a member, unless the new name is present already.
fn renamed(members: &mut Content, then: &str, now: &str) -> bool {
    let mut keys = members.keys();
    let Some(key) = keys.find(|key| key.eq_ignore_ascii_case(then)).cloned() else {
        return false;
    };
    if member(members, now).is_some() {
        return false;
    }
    let value = members.remove(&key);
    members.extend(value.map(|value| (now.to_owned(), value)));
    true
}

/// Returns the object at a path of a resource.
fn value_at<'c>(
    resource_type: &ResourceType,
    resource: &'c mut Content,
    path: &str,
) -> Option<&'c mut Content> {
    let path: AttrPath = path.parse().ok()?;
    let AttributePlace::Attribute { extension, attribute, .. } = resource_type.place(&path)? else {
        return None;
    };
    let content = match extension {
        Some(schema) => member_mut(resource, &schema.id)?.as_object_mut()?,
        None => resource,
    };
    member_mut(content, attribute.name.as_str())?.as_object_mut()
}
