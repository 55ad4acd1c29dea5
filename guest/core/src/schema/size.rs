//! Limits on the number and size of an attribute's values.

use serde_json::Value;

use super::check::Content;
use crate::error::{Error, ErrorKind};
use crate::limits::{ATTRIBUTE_VALUES, VALUE_BYTES};

/// Checks that no attribute has too many or too large values. Attributes that exceeded a limit
/// before and are unchanged do not block other changes.
///
/// # Errors
/// `invalidValue` that names the attribute, or the schema of an extension.
pub fn check(before: Option<&Content>, content: &Content) -> Result<(), Error> {
    let is_new = |name: &String, value| before.and_then(|before| before.get(name)) != Some(value);
    let mut attributes = content.iter();
    match attributes.find(|(name, value)| is_too_large(value) && is_new(name, value)) {
        None => Ok(()),
        Some((name, _)) => {
            let detail = format!(
                "`{name}` holds too much: at most {ATTRIBUTE_VALUES} values, \
                 of {VALUE_BYTES} bytes each"
            );
            Err(Error::new(ErrorKind::InvalidValue, detail))
        }
    }
}

fn is_too_large(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > VALUE_BYTES,
        Value::Array(values) => values.len() > ATTRIBUTE_VALUES || values.iter().any(is_too_large),
        Value::Object(members) => members.values().any(is_too_large),
        _ => false,
    }
}
