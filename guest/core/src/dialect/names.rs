//! Names of schemas and attributes that are left out, are older, or come from elsewhere.

use crate::named::Named;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Sent, filters, visit};
use crate::filter::{AttrPath, Filter};
use crate::json;
use crate::json::{member, member_mut};
use crate::resource_type::{Place, ResourceType};
use crate::schema::Content;
use crate::urn;

/// What SCIM 1 called things.
#[derive(Debug, Default)]
struct Scim1 {
    /// The URI that all main schemas had.
    core: String,
    /// Extensions' URIs, then and now.
    extensions: Named<String>,
    /// Sub-attributes' names, then and now, by the path of the attribute.
    parts: Named<Named<String>>,
}

json::object!(open Scim1 {
    core: "core",
    extensions: "extensions",
    parts: "parts",
});

static SCIM_1: LazyLock<Scim1> = LazyLock::new(|| {
    crate::json::written(include_str!("../../schemas/scim_1.json")).unwrap_or_default()
});

/// OneLogin's templates may name the schemas of SCIM 1 (`urn:scim:schemas:core:1.0`), and the manager by `managerId`.
pub(super) fn scim_1_names(of: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Resource(resource) = sent else {
        return false;
    };
    let mut found = false;
    for uri in schemas(resource).into_iter().flatten() {
        let now = uri.as_str().and_then(|uri| present_uri(of, uri));
        found |= now.is_some_and(|now| {
            *uri = now.into();
            true
        });
    }
    for (then, now) in SCIM_1.extensions.iter() {
        found |= of.extension(now).is_some() && renamed(resource, then, now);
    }
    for (path, names) in SCIM_1.parts.iter() {
        for (then, now) in names.iter() {
            found |= value_at(of, resource, path).is_some_and(|value| renamed(value, then, now));
        }
    }
    found
}

fn schemas(resource: &mut Content) -> Option<&mut Vec<Value>> {
    member_mut(resource, "schemas")?.as_array_mut()
}

fn present_uri<'a>(of: &'a ResourceType, uri: &str) -> Option<&'a str> {
    if urn::same(uri, &SCIM_1.core) {
        return Some(&of.core().id);
    }
    let mut extensions = SCIM_1.extensions.iter();
    let (_, now) = extensions.find(|(then, _)| urn::same(then, uri))?;
    of.extension(now).map(|schema| schema.id.as_str())
}

/// Gives a member another name, unless that is given already.
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

/// The object that a resource has at a path.
fn value_at<'c>(
    of: &ResourceType,
    resource: &'c mut Content,
    path: &str,
) -> Option<&'c mut Content> {
    let path: AttrPath = path.parse().ok()?;
    let Place::Attribute {
        extension,
        attribute,
        ..
    } = of.place(&path)?
    else {
        return None;
    };
    let content = match extension {
        Some(schema) => member_mut(resource, &schema.id)?.as_object_mut()?,
        None => resource,
    };
    member_mut(content, attribute.name.as_str())?.as_object_mut()
}

/// authentik leaves `schemas` out of resources, which RFC 7643 section 3 requires.
pub(super) fn schemas_omitted(of: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Resource(resource) = sent else {
        return false;
    };
    let omitted = member(resource, "schemas").is_none();
    if omitted {
        resource.insert("schemas".into(), json!([of.core().id]));
    }
    omitted
}

/// Entra ID creates groups that name `http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group` as well, and
/// have no value of it.
pub(super) fn unknown_schemas(of: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Resource(resource) = sent else {
        return false;
    };
    let Some(schemas) = schemas(resource) else {
        return false;
    };
    let before = schemas.len();
    schemas.retain(|uri| {
        let known = |uri| of.schemas().any(|schema| urn::same(&schema.id, uri));
        uri.as_str().is_none_or(known)
    });
    schemas.len() < before
}

/// Entra ID leaves the extension's URI out: `{"op":"Add","path":"manager","value":…}`, and `manager eq "Y"` in filters.
pub(super) fn extension_attribute_without_urn(of: &ResourceType, sent: &mut Sent<'_>) -> bool {
    if let Sent::Filter(text) = sent {
        return filters::reprinted(text, |filter| qualify_filter(of, filter));
    }
    let in_paths = filters::paths(sent, |path| qualify(of, &mut path.attribute));
    let in_values = visit::operations(sent, |operation| {
        visit::pathless(operation).is_some_and(|value| qualify_keys(of, value))
    });
    in_paths | in_values
}

fn qualify_keys(of: &ResourceType, members: &mut Content) -> bool {
    let mut found = false;
    for (mut key, value) in std::mem::take(members) {
        found |= filters::reprinted(&mut key, |path| qualify(of, path));
        members.insert(key, value);
    }
    found
}

fn qualify_filter(of: &ResourceType, filter: &mut Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts
            .iter_mut()
            .fold(false, |found, part| qualify_filter(of, part) | found),
        Filter::Not(inner) => qualify_filter(of, inner),
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::ValuePath(path, _) => {
            qualify(of, path)
        }
    }
}

/// Puts the URI in front of an attribute that one extension alone has.
fn qualify(of: &ResourceType, path: &mut AttrPath) -> bool {
    let name = path.name.as_str();
    if path.uri.is_some() || of.attribute(name).is_some() {
        return false;
    }
    let extensions = of.extensions().map(|(schema, _)| schema);
    let mut having = extensions.filter(|schema| schema.attribute(name).is_some());
    let (Some(only), None) = (having.next(), having.next()) else {
        return false;
    };
    path.uri = Some(only.id.clone());
    true
}
