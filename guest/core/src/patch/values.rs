//! The values of a multi-valued attribute, and how others are added to them: RFC 7644 section
//! 3.5.2.1.

use serde_json::Value;

use crate::ordered::OrderedMap;

/// Returns the values with new ones appended. A value that exists already is not added again (RFC
/// 7644 section 3.5.2.1): one with the `type` and `value` of the new one (RFC 7643 section 2.4)
/// gets its other sub-attributes.
pub(super) fn appended(before: Option<Value>, given: Option<Value>) -> Option<Value> {
    let list = |value| match value {
        Some(Value::Array(values)) => values,
        other => other.into_iter().collect::<Vec<Value>>(),
    };
    let mut values = list(before);
    let mut known: OrderedMap<String, Vec<usize>> = OrderedMap::new();
    for (at, value) in values.iter().enumerate() {
        known.change(identity(value), |alike| alike.push(at));
    }
    let mut changed = Vec::new();
    for value in list(given) {
        let identity = identity(&value);
        let mut alike = known.get(&identity).into_iter().flatten();
        let is_same = |at: &&usize| values.get(**at).is_some_and(|old| same(old, &value));
        let at = alike.find(is_same).copied();
        match at.and_then(|at| values.get_mut(at).map(|old| (at, old))) {
            Some((at, old)) => {
                if let (Value::Object(old), Value::Object(value)) = (old, value) {
                    old.extend(value);
                }
                changed.push(at);
            }
            None => {
                known.change(identity, |alike| alike.push(values.len()));
                changed.push(values.len());
                values.push(value);
            }
        }
    }
    demote_primary(&mut values, &changed);
    array(values)
}

/// Returns a text that is equal for any two values that are [`same`].
fn identity(value: &Value) -> String {
    value.get("value").unwrap_or(value).to_string()
}

/// Returns whether a new value exists already: the two are equal, or have equal `value` and `type`.
fn same(old: &Value, new: &Value) -> bool {
    let part = |value: &Value, name: &str| value.get(name).cloned();
    let identified = part(new, "value").is_some() && part(old, "value") == part(new, "value");
    let of_type = part(new, "type").is_none_or(|of_type| part(old, "type") == Some(of_type));
    old == new || (identified && of_type)
}

/// When a value becomes primary, makes the others not primary (RFC 7644 section 3.5.2).
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

/// Returns an array of these values; `None` if there are none.
pub(super) fn array(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}
