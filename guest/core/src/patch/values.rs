//! The values of a multi-valued attribute, and what becomes of them when others are added: RFC 7644
//! section 3.5.2.1.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values with new ones behind them. What is there already is not added again (RFC 7644 section
/// 3.5.2.1): a value with the same `type` and `value` (RFC 7643 section 2.4) gets what else the new
/// one has.
pub(super) fn appended(before: Option<Value>, given: Option<Value>) -> Option<Value> {
    let list = |value| match value {
        Some(Value::Array(values)) => values,
        other => other.into_iter().collect::<Vec<Value>>(),
    };
    let mut values = list(before);
    let mut known: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, value) in values.iter().enumerate() {
        known.entry(identity(value)).or_default().push(at);
    }
    let mut changed = Vec::new();
    for value in list(given) {
        let alike = known.entry(identity(&value)).or_default();
        let is_same = |at: &&usize| values.get(**at).is_some_and(|old| same(old, &value));
        let at = alike.iter().find(is_same).copied();
        match at.and_then(|at| values.get_mut(at).map(|old| (at, old))) {
            Some((at, old)) => {
                if let (Value::Object(old), Value::Object(value)) = (old, value) {
                    old.extend(value);
                }
                changed.push(at);
            }
            None => {
                alike.push(values.len());
                changed.push(values.len());
                values.push(value);
            }
        }
    }
    demote_primary(&mut values, &changed);
    array(values)
}

/// What two values that are [`same`] have in common.
fn identity(value: &Value) -> String {
    value.get("value").unwrap_or(value).to_string()
}

/// Whether a new value is one that is there: equal, or with a `value` and of the same `value` and
/// `type`.
fn same(old: &Value, new: &Value) -> bool {
    let part = |value: &Value, name: &str| value.get(name).cloned();
    let identified = part(new, "value").is_some() && part(old, "value") == part(new, "value");
    let of_type = part(new, "type").is_none_or(|of_type| part(old, "type") == Some(of_type));
    old == new || (identified && of_type)
}

/// A value that has become primary takes that from the others (RFC 7644 section 3.5.2).
pub(super) fn demote_primary(values: &mut [Value], changed: &[usize]) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    if !changed.iter().filter_map(|&i| values.get(i)).any(is_primary) {
        return;
    }
    for (i, value) in values.iter_mut().enumerate() {
        if is_primary(value) && !changed.contains(&i) {
            value.as_object_mut().map(|object| object.insert("primary".into(), false.into()));
        }
    }
}

/// An array of these values; nothing in place of an empty one.
pub(super) fn array(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}
