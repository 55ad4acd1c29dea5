//! Which attributes a PUT may change: RFC 7644 section 3.5.1, RFC 7643 section 7 (`mutability`).

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, Mutability};

/// Checks that a replacement does not change an immutable attribute that has a value. Immutable
/// attributes that are omitted keep their values, since a client need not repeat what it cannot
/// change.
///
/// # Errors
/// `mutability`, if one is changed.
pub fn keep_immutable(
    resource_type: &ResourceType,
    old: &Content,
    new: &mut Content,
) -> Result<(), Error> {
    keep_in(&resource_type.core().attributes, old, new)?;
    for (extension, _) in resource_type.extensions() {
        let Some(old) = old.get(&extension.id).and_then(|value| value.as_object()) else {
            continue;
        };
        let mut inner = match new.remove(&extension.id) {
            Some(Value::Object(inner)) => inner,
            _ => Content::new(),
        };
        keep_in(&extension.attributes, old, &mut inner)?;
        if !inner.is_empty() {
            new.insert(extension.id.clone(), inner.into());
        }
    }
    Ok(())
}

/// Values of multi-valued attributes are replaced as a whole, so their sub-attributes have no
/// counterpart to compare with.
fn keep_in(attributes: &[Attribute], old: &Content, new: &mut Content) -> Result<(), Error> {
    for attribute in attributes.iter().filter(|a| a.is_complex() && !a.multi_valued) {
        let name = attribute.name.as_str();
        if let (Some(Value::Object(old)), Some(Value::Object(new))) =
            (old.get(name), new.get_mut(name))
        {
            keep_in(&attribute.sub_attributes, old, new)?;
        }
    }
    for attribute in attributes.iter().filter(|a| a.mutability == Mutability::Immutable) {
        let name = attribute.name.as_str();
        let Some(value) = old.get(name) else { continue };
        match new.get(name) {
            None => {
                new.insert(name.to_owned(), value.clone());
            }
            Some(given) if given == value => {}
            Some(_) => return Err(refused(name)),
        }
    }
    Ok(())
}

/// The error for a change of an attribute that cannot be changed.
#[must_use]
pub fn refused(path: &str) -> Error {
    Error::new(ErrorKind::Mutability, format!("`{path}` cannot be changed"))
}
