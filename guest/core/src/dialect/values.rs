//! Values of another shape than the schema's (RFC 7643 section 2.3), in bodies, in operations and
//! in filters.

use serde_json::Value;

use super::{Sent, filters, visit};
use crate::filter::CompValue;
use crate::json;
use crate::ordered;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, DataType};

/// The sub-attribute that holds the value itself (RFC 7643 section 2.4).
const VALUE: &str = "value";
/// The one that names the value to people.
const DISPLAY: &str = "display";

/// SCIM-SDK's client searches by POST with `startIndex` and `count` as texts, and with `attributes`
/// as one text.
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

/// Entra ID sends the manager as the one value of an array:
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

/// Entra ID clears the manager with `""`; null is what RFC 7643 section 2.5 has for that.
pub(super) fn empty_text_for_complex(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let empty = attribute.is_complex() && value.as_str() == Some("");
        if empty {
            *value = Value::Null;
        }
        empty
    })
}

/// Entra ID names the manager by the id alone:
/// `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"<id>"}`.
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

/// Entra ID packs roles into texts:
/// `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}]}`.
pub(super) fn json_as_text(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::values(resource_type, sent, &|attribute, value| {
        let members = value.as_object_mut().filter(|_| attribute.multi_valued);
        members.is_some_and(|members| unpack(resource_type, attribute, members).is_some())
    })
}

/// Puts the members of the object that stands as a text in `value` in its place; the schema knows
/// which. `None` if none stands there.
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
        // What names a resource to people is in a value its `display`.
        let shown = resource_type.definition.display.iter().any(|name| *name == *key);
        let name = if shown { DISPLAY } else { &key };
        if let Some(sub) = attribute.sub(name) {
            members.retain(|key, _| sub.name != *key.as_str());
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

/// What a text says of a boolean.
fn said(attribute: &Attribute, text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match attribute.data_type {
        DataType::Boolean if is("true") => Some(true),
        DataType::Boolean if is("false") => Some(false),
        _ => None,
    }
}
