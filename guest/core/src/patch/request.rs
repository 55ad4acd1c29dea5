//! The body of a PATCH: RFC 7644 section 3.5.2.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::filter::Path;
use crate::json::member;
use crate::{limits, urn};

/// The error text for `Operations`, here and in a bulk request, that is not an array.
pub(crate) const NO_OPERATIONS_ARRAY: &str = "`Operations` must be an array";
/// The error text for empty `Operations`.
pub(crate) const NO_OPERATION: &str = "`Operations` must not be empty";
/// The error text for an operation that is not an object.
pub(crate) const OPERATION_IS_NO_OBJECT: &str = "each operation must be an object";

/// One operation of a PATCH.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// `add`; without a path the value's members are added to the resource.
    Add(Option<Path>, Value),
    /// `replace`; without a path the value's members replace those of the resource.
    Replace(Option<Path>, Value),
    /// `remove`, and whether it carries a value, which RFC 7644 section 3.5.2.2 does not define.
    Remove(Path, bool),
}

/// Returns the operations of a PATCH body, in their order.
///
/// # Errors
/// `invalidSyntax`, or the error of a malformed operation; `tooMany` beyond
/// [`limits::PATCH_OPERATIONS`].
pub fn operations(body: Value) -> Result<Vec<Operation>, Error> {
    let Value::Object(body) = body else {
        return Err(Error::not_an_object());
    };
    let schemas = member(&body, "schemas").and_then(Value::as_array);
    let named = |uri: &Value| uri.as_str().is_some_and(|uri| urn::same(uri, urn::PATCH_OP));
    if !schemas.is_some_and(|schemas| schemas.iter().any(named)) {
        return Err(Error::lacks_schema(urn::PATCH_OP));
    }
    let Some(Value::Array(operations)) = member(&body, "Operations") else {
        return Err(syntax(NO_OPERATIONS_ARRAY));
    };
    if operations.is_empty() {
        return Err(syntax(NO_OPERATION));
    }
    if operations.len() > limits::PATCH_OPERATIONS {
        let detail = format!("a PATCH may have at most {} operations", limits::PATCH_OPERATIONS);
        return Err(Error::new(ErrorKind::TooMany, detail));
    }
    operations.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation, Error> {
    let members = value.as_object().ok_or_else(|| syntax(OPERATION_IS_NO_OBJECT))?;
    let path = match member(members, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(parse_path(path)?),
        Some(_) => {
            return Err(Error::must_be(ErrorKind::InvalidPath, "path", "a string"));
        }
    };
    let value = || {
        let value = member(members, "value").cloned();
        value.ok_or_else(|| Error::operation_lacks("value"))
    };
    match member(members, "op").and_then(Value::as_str) {
        Some("add") => Ok(Operation::Add(path, value()?)),
        Some("replace") => Ok(Operation::Replace(path, value()?)),
        Some("remove") => path
            .map(|path| {
                let value = member(members, "value");
                Operation::Remove(path, value.is_some_and(|value| !value.is_null()))
            })
            .ok_or_else(|| Error::new(ErrorKind::NoTarget, "`remove` needs a `path`")),
        _ => Err(syntax("`op` must be `add`, `replace` or `remove`")),
    }
}

fn parse_path(text: &str) -> Result<Path, Error> {
    text.parse().map_err(|error| {
        Error::new(ErrorKind::InvalidPath, format!("the path `{text}` is malformed: {error}"))
    })
}

fn syntax(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidSyntax, detail)
}

/// An operation's action at its target. `remove` carries no value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PatchAction {
    Add(Value),
    Replace(Value),
    Remove,
}
