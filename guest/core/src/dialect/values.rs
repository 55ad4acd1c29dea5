//! Quirks of values that deviate from the schema (RFC 7643 section 2.3), in bodies, operations and
//! filters.

use serde_json::Value;

use super::{Sent, filters, visit};
use crate::filter::CompValue;
use crate::json;
use crate::ordered;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, DataType};

/// The sub-attribute that contains the value itself (RFC 7643 section 2.4).
const VALUE: &str = "value";
/// The sub-attribute that is the value's display name.
const DISPLAY: &str = "display";

/// SCIM-SDK's client searches by POST with `startIndex` and `count` as strings, and with
/// `attributes` as one string.
pub(super) fn search_as_text(_: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Sent::Search(body) = sent else {
        return false;
    };
    let mut found = false;
    for name in ["startIndex", "count"] {
        let value = json::member_mut(body, name);
        let number = |value: &Value| value.as_str()?.trim().parse::<i64>().ok();
        if let Some((value, number)) = value.and_then(|value| number(value).map(|n| (value, n))) {
            *value = number.into();
            found = true;
        }
    }
    for name in ["attributes", "excludedAttributes"] {
        let Some(value) = json::member_mut(body, name) else {
            continue;
        };
        if let Value::String(text) = value {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            *value = names.map(Value::from).collect();
            found = true;
        }
    }
    found
}

/// Entra ID sends the manager as an array with one value:
/// `{"op":"Add","path":"manager","value":[{"$ref":"…","value":"<id>"}]}`.
pub(super) fn array_for_single_value(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let Value::Array(values) = value else {
            return false;
        };
        if attribute.multi_valued || !attribute.is_complex() || values.len() != 1 {
            return false;
        }
        *value = values.pop().unwrap_or_default();
        true
    })
}

/// Entra ID clears the manager with `""`; RFC 7643 section 2.5 uses null for that.
pub(super) fn empty_text_for_complex(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let empty = attribute.is_complex() && value.as_str() == Some("");
        if empty {
            *value = Value::Null;
        }
        empty
    })
}

/// Entra ID names the manager by the id only: `{"op":"Add","path":"URN","value":"<id>"}` with the
/// path `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`.
pub(super) fn text_for_complex(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let single = attribute.sub(VALUE).is_some() && !attribute.multi_valued;
        if !single || value.as_str().is_none_or(str::is_empty) {
            return false;
        }
        *value = ordered::object([(VALUE.to_owned(), value.take())]).into();
        true
    })
}

/// Entra ID sends roles as JSON in strings: `{"op":"Add","path":"roles","value":[VALUE]}` with
/// values such as `{"value":"{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}`.
pub(super) fn json_as_text(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let members = value.as_object_mut().filter(|_| attribute.multi_valued);
        members.is_some_and(|members| unpack(resource_type, attribute, members).is_some())
    })
}

/// Replaces a JSON object in the string `value` by its members that the schema defines. `None` if
/// there is no such object.
fn unpack(
    resource_type: &ResourceType,
    attribute: &Attribute,
    members: &mut Content,
) -> Option<()> {
    let text = json::member(members, VALUE)?.as_str()?;
    let Value::Object(inner) = json::parse(text).ok()? else {
        return None;
    };
    json::member(&inner, VALUE)?;
    for (key, value) in inner {
        // An attribute that is a resource's display name becomes the value's `display`.
        let shown = resource_type.definition.display.iter().any(|name| *name == *key);
        let name = if shown { DISPLAY } else { &key };
        if let Some(sub) = attribute.sub(name) {
            json::retain(members, &mut |key, _| sub.name != *key);
            members.insert(sub.name.as_str().to_owned(), value);
        }
    }
    Some(())
}

/// Entra ID writes `{"op":"Replace","path":"active","value":"False"}` and `roles[primary eq
/// "True"].value`, OneLogin's templates `"active":"true"`.
pub(super) fn boolean_as_text(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let in_values = visit::values(resource_type, sent, &|attribute, value| {
        let said = value.as_str().and_then(|text| said(attribute, text));
        if let Some(said) = said {
            *value = said.into();
        }
        said.is_some()
    });
    let in_filters = filters::comparisons(resource_type, sent, |attribute, value| {
        let said = match value {
            CompValue::Text(text) => said(attribute, text),
            _ => None,
        };
        if let Some(said) = said {
            *value = CompValue::Boolean(said);
        }
        said.is_some()
    });
    in_values | in_filters
}

/// Parses a text as a boolean.
fn said(attribute: &Attribute, text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match attribute.data_type {
        DataType::Boolean if is("true") => Some(true),
        DataType::Boolean if is("false") => Some(false),
        _ => None,
    }
}
