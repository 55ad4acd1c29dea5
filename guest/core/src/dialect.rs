//! Clients' quirks as data: named JSON-to-JSON rewritings before the strict parser, switched on by the profile's `clients`. Each
//! has a recorded exchange that fails without it.

use serde_json::Value;

use crate::resource_type::ResourceType;

/// What a client sent, as far as quirks may look at it.
#[derive(Debug)]
pub struct Sent<'a> {
    /// The resource type of the endpoint.
    pub of: &'a ResourceType,
    /// Whether the body is a PATCH; else it is a resource.
    pub is_patch: bool,
    /// The body.
    pub body: &'a mut Value,
}

/// A named rewriting.
#[derive(Debug)]
pub struct Quirk {
    /// As profiles name it.
    pub name: &'static str,
    /// Rewrites; returns whether there was anything to rewrite.
    pub rewrite: fn(&mut Sent<'_>) -> bool,
}

static QUIRKS: [Quirk; 2] = [
    Quirk {
        name: "schemas-omitted",
        rewrite: schemas_omitted,
    },
    Quirk {
        name: "readonly-id-in-patch",
        rewrite: readonly_id_in_patch,
    },
];

/// The quirk of this name.
#[must_use]
pub fn quirk(name: &str) -> Option<&'static Quirk> {
    QUIRKS.iter().find(|quirk| quirk.name == name)
}

/// authentik leaves `schemas` out of resources, which RFC 7643 section 3 requires.
fn schemas_omitted(sent: &mut Sent<'_>) -> bool {
    let uri = sent.of.core().id.as_str();
    let Value::Object(body) = &mut *sent.body else {
        return false;
    };
    if sent.is_patch || body.keys().any(|key| key.eq_ignore_ascii_case("schemas")) {
        return false;
    }
    body.insert("schemas".into(), vec![uri].into());
    true
}

/// Okta renames a group with `{"op":"replace","value":{"id":"…","displayName":"…"}}`: `id` is readOnly, so that RFC 7644 section
/// 3.5.2 would have it refused.
fn readonly_id_in_patch(sent: &mut Sent<'_>) -> bool {
    if !sent.is_patch {
        return false;
    }
    let operations = sent
        .body
        .get_mut("Operations")
        .and_then(Value::as_array_mut);
    let mut found = false;
    for operation in operations.into_iter().flatten() {
        let value = operation
            .as_object_mut()
            .filter(|op| !op.contains_key("path"));
        let value = value
            .and_then(|op| op.get_mut("value"))
            .and_then(Value::as_object_mut);
        found |= value.is_some_and(|value| value.remove("id").is_some());
    }
    found
}
