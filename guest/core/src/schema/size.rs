//! How many values an attribute may have, and how large they may be.

use serde_json::Value;

use super::check::Content;
use crate::error::{Error, ErrorKind};
use crate::limits::{ATTRIBUTE_VALUES, VALUE_BYTES};

/// Refuses attributes that hold more than they may. Those that were so before and stay as they are
/// do not stand in the way of other changes.
///
/// # Errors
/// `invalidValue` that names the attribute.
pub fn check(before: Option<&Content>, content: &Content) -> Result<(), Error> {
    for (name, value) in content {
        if let Some((path, problem)) = excess(name, value)
            && before.and_then(|before| before.get(name)) != Some(value)
        {
            let detail = format!("`{path}` {problem}");
            return Err(Error::new(ErrorKind::InvalidValue, detail));
        }
    }
    Ok(())
}

/// The path of what is too much, and what may be there.
fn excess(path: &str, value: &Value) -> Option<(String, String)> {
    let problem = match value {
        Value::String(text) if text.len() > VALUE_BYTES => {
            format!("may have {VALUE_BYTES} bytes")
        }
        Value::Array(values) if values.len() > ATTRIBUTE_VALUES => {
            format!("may have {ATTRIBUTE_VALUES} values")
        }
        Value::Array(values) => return values.iter().find_map(|value| excess(path, value)),
        Value::Object(members) => {
            return members.iter().find_map(|(name, value)| {
                let (inner, problem) = excess(name, value)?;
                let joint = if path.contains(':') { ':' } else { '.' };
                Some((format!("{path}{joint}{inner}"), problem))
            });
        }
        _ => return None,
    };
    Some((path.to_owned(), problem))
}
