//! Quirks of PATCH operations that deviate from RFC 7644 section 3.5.2.

use serde_json::{Value, json};

use super::{Sent, visit};
use crate::filter::{AttrPath, CompValue, CompareOp, Filter, Path};
use crate::json::{self, member, member_mut};
use crate::ordered;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content};

/// The most values in one filter, whose length and number of comparisons are limited.
const VALUES_PER_FILTER: usize = 50;

/// Entra ID writes `Add`, `Replace` and `Remove`.
pub(super) fn op_in_any_case(_: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::operations(sent, |operation| {
        let Some(Value::String(op)) = member_mut(operation, "op") else {
            return false;
        };
        let lower = op.to_ascii_lowercase();
        let rewritten = lower != *op;
        *op = lower;
        rewritten
    })
}

/// Okta renames a group with `{"op":"replace","value":{"id":"…","displayName":"…"}}`: `id` is
/// readOnly, so RFC 7644 section 3.5.2 requires the request to be refused.
pub(super) fn readonly_id_in_patch(_: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::operations(sent, |operation| {
        visit::pathless(operation).is_some_and(|value| {
            let before = value.len();
            json::retain(value, &mut |key, _| !key.eq_ignore_ascii_case("id"));
            value.len() < before
        })
    })
}

/// Entra ID, JumpCloud and authentik remove one member with
/// `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"u1091"}]}`; RFC 7644 section
/// 3.5.2.2 defines no value there, and would remove all.
pub(super) fn remove_by_value(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let Some(operations) = visit::operations_of(sent) else {
        return false;
    };
    let mut found = false;
    let each = std::mem::take(operations).into_iter();
    let rewritten = each.flat_map(|operation| match by_filters(resource_type, &operation) {
        Some(paths) => {
            found = true;
            match paths.is_empty() {
                true => vec![idle()],
                false => paths.iter().map(removal).collect(),
            }
        }
        None => vec![operation],
    });
    *operations = rewritten.collect();
    found
}

/// Entra ID sends a PATCH without operations when there is nothing to change; RFC 7644 section
/// 3.5.2 requires at least one.
pub(super) fn no_operations(_: &ResourceType, sent: &mut Sent<'_>) -> bool {
    let operations = visit::operations_of(sent).filter(|operations| operations.is_empty());
    operations.map(|operations| operations.push(idle())).is_some()
}

/// Returns an operation that changes nothing: it replaces no attribute.
fn idle() -> Value {
    json!({"op": "replace", "value": {}})
}

fn removal(path: &Path) -> Value {
    let member = |name: &str, value: String| (name.to_owned(), Value::from(value));
    let members = [member("op", "remove".to_owned()), member("path", path.to_string())];
    Value::Object(ordered::object(members))
}

/// Returns paths with filters that select the values in a removal; `None` if it has none.
fn by_filters(resource_type: &ResourceType, operation: &Value) -> Option<Vec<Path>> {
    let operation = operation.as_object().filter(|it| visit::is(it, "remove"))?;
    // Brackets may follow only an attribute.
    let bare = |path: &Path| path.filter.is_none() && path.attribute.sub.is_none();
    let path = visit::path(operation).filter(bare)?;
    let attribute = visit::target(resource_type, &path).filter(|it| it.multi_valued)?;
    let values = match member(operation, "value")? {
        Value::Null => return None,
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let filters: Vec<Filter> =
        values.iter().filter_map(|value| selecting(attribute, value)).collect();
    let filters = match resource_type.relation(&attribute.name) {
        Some(_) => filters.chunks(VALUES_PER_FILTER).map(any).collect(),
        // A value that does not exist is no target, so each value gets a filter of its own.
        None => filters,
    };
    let selected = |filter| Path { filter: Some(filter), ..path.clone() };
    Some(filters.into_iter().map(selected).collect())
}

fn any(filters: &[Filter]) -> Filter {
    match filters {
        [only] => only.clone(),
        several => Filter::Or(several.to_vec()),
    }
}

/// Returns the filter that selects a value: by `value` and `type`, which identify it (RFC 7643
/// section 2.4), or else by all its sub-attributes; `None` if it has none.
fn selecting(attribute: &Attribute, value: &Value) -> Option<Filter> {
    let Value::Object(members) = value else {
        return equal("value", value);
    };
    let known = |(name, value)| equal(attribute.sub(name)?.name.as_str(), value);
    let told: Vec<Filter> = ["value", "type"]
        .into_iter()
        .filter_map(|name| known((name, member(members, name)?)))
        .collect();
    let mut parts = match told.is_empty() {
        true => {
            members.iter().map(|(name, value)| (name.as_str(), value)).filter_map(known).collect()
        }
        false => told,
    };
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Filter::And(parts)),
    }
}

fn equal(name: &str, value: &Value) -> Option<Filter> {
    let value = match value {
        Value::String(text) => CompValue::Text(text.clone()),
        Value::Bool(value) => CompValue::Boolean(*value),
        Value::Number(number) => CompValue::Number(number.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let path = AttrPath { uri: None, name: name.parse().ok()?, sub: None };
    Some(Filter::Compare(path, CompareOp::Equal, value))
}

/// Entra ID expects `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x@y"}` to
/// create the value if it does not exist; according to RFC 7644 section 3.5.2.3 that has no target.
/// If the value exists, `add` does the same as `replace`.
pub(super) fn replace_without_match(resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
    visit::operations(sent, |operation| {
        let filtered = |path: Path| {
            path.filter.is_some() && resource_type.relation(&path.attribute.name).is_none()
        };
        if !visit::is(operation, "replace") || !visit::path(operation).is_some_and(filtered) {
            return false;
        }
        replace_op(operation)
    })
}

fn replace_op(operation: &mut Content) -> bool {
    let op = member_mut(operation, "op");
    op.map(|op| *op = "add".into()).is_some()
}
