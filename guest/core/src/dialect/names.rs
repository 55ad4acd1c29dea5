//! Quirks of schema and attribute names: omitted or foreign ones.

use serde_json::{Value, json};

use super::{Sent, filters, visit};
use crate::filter::{AttrPath, Filter};
use crate::json::{member, member_mut};
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::urn;

pub(super) fn schemas(resource: &mut Content) -> Option<&mut Vec<Value>> {
    member_mut(resource, "schemas")?.as_array_mut()
}

/// authentik omits `schemas` in resources, which RFC 7643 section 3 requires; older versions omit
/// it in PATCH, too.
pub(super) fn schemas_omitted(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let (body, uri) = match sent {
        Sent::Resource(resource) => (resource, resource_type.core().id.as_str()),
        Sent::Patch(body) => (body, urn::PATCH_OP),
        Sent::Search(_) | Sent::Filter(_) => return false,
    };
    let omitted = member(body, "schemas").is_none();
    if omitted {
        body.insert("schemas".into(), json!([uri]));
    }
    omitted
}

/// Entra ID creates groups that also name
/// `http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group` but have no value of
/// it.
pub(super) fn unknown_schemas(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Resource(resource) = sent else {
        return false;
    };
    let Some(schemas) = schemas(resource) else {
        return false;
    };
    let before = schemas.len();
    schemas.retain(|uri| {
        let known = |uri| resource_type.schemas().any(|schema| urn::same(&schema.id, uri));
        uri.as_str().is_none_or(known)
    });
    schemas.len() < before
}

/// Entra ID omits the extension's URI: `{"op":"Add","path":"manager","value":…}`, and `manager eq
/// "Y"` in filters.
pub(super) fn extension_attribute_without_urn(
    resource_type: &ResourceType,
    sent: &mut Sent<'_>,
) -> bool {
    if let Sent::Filter(text) = sent {
        return filters::reprinted(text, |filter| qualify_filter(resource_type, filter));
    }
    let in_paths = filters::paths(sent, |path| qualify(resource_type, &mut path.attribute));
    let in_values = visit::operations(sent, |operation| {
        visit::pathless(operation).is_some_and(|value| qualify_keys(resource_type, value))
    });
    in_paths | in_values
}

fn qualify_keys(resource_type: &ResourceType, members: &mut Content) -> bool {
    let mut found = false;
    for (mut key, value) in std::mem::take(members) {
        found |= filters::reprinted(&mut key, |path| qualify(resource_type, path));
        members.insert(key, value);
    }
    found
}

fn qualify_filter(resource_type: &ResourceType, filter: &mut Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter_mut().fold(false, |found, part| qualify_filter(resource_type, part) | found)
        }
        Filter::Not(inner) => qualify_filter(resource_type, inner),
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::ValuePath(path, _) => {
            qualify(resource_type, path)
        }
    }
}

/// Adds the URI to the path of an attribute that exactly one extension has.
fn qualify(resource_type: &ResourceType, path: &mut AttrPath) -> bool {
    let name = path.name.as_str();
    if path.uri.is_some() || resource_type.attribute(name).is_some() {
        return false;
    }
    let extensions = resource_type.extensions().map(|(schema, _)| schema);
    let mut having = extensions.filter(|schema| schema.attribute(name).is_some());
    let (Some(only), None) = (having.next(), having.next()) else {
        return false;
    };
    path.uri = Some(only.id.clone());
    true
}
