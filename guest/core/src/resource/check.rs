//! Converts a client's JSON to a resource's content, and checks the content as a whole: RFC 7643
//! sections 2.2 and 3. `schema::check` checks the value of each attribute.

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};
use crate::resource_type::ResourceType;
use crate::schema::check::{AN_OBJECT, insert, invalid};
use crate::schema::{self, Attribute, Checker, Content, GivenValue, Mutability};
use crate::urn;

impl Checker {
    /// Returns the content of a whole resource, without readOnly attributes (RFC 7644 section
    /// 3.5.1) and `schemas`, which follows from the content. Relations are left as the client sent
    /// them; `relation::take` removes them.
    ///
    /// # Errors
    /// `invalidValue` if a value is not of its attribute's type; `invalidSyntax` if an attribute is
    /// given twice.
    pub fn resource(
        &mut self,
        resource_type: &ResourceType,
        body: Content,
    ) -> Result<Content, Error> {
        let mut content = Content::new();
        for (key, value) in body {
            if let Some(extension) = resource_type.extension(&key) {
                let inner = self.extension(&extension.id, &extension.attributes, value)?;
                if !inner.is_empty() {
                    insert(&mut content, &extension.id, Value::Object(inner))?;
                }
            } else if let Some(relation) = resource_type.relation_named(&key) {
                insert(&mut content, relation.attribute.as_str(), value)?;
            } else if let Some(attribute) = resource_type.attribute(&key) {
                self.attribute(attribute, attribute.name.as_str(), value, &mut content)?;
            } else {
                self.unknown.push(key);
            }
        }
        content.remove("schemas");
        Ok(content)
    }

    /// Adds the attributes of an extension.
    fn extension(
        &mut self,
        uri: &str,
        attributes: &[Attribute],
        value: Value,
    ) -> Result<Content, Error> {
        let mut content = Content::new();
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(content),
            _ => return Err(invalid(uri, AN_OBJECT)),
        };
        for (key, value) in members {
            match schema::find(attributes, &key) {
                Some(attribute) => {
                    let path = format!("{uri}:{}", attribute.name);
                    self.attribute(attribute, &path, value, &mut content)?;
                }
                None => self.unknown.push(format!("{uri}:{key}")),
            }
        }
        Ok(content)
    }

    /// Adds one attribute.
    fn attribute(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
        content: &mut Content,
    ) -> Result<(), Error> {
        if attribute.mutability == Mutability::ReadOnly {
            return Ok(());
        }
        let is_empty = value.as_object().is_some_and(Map::is_empty);
        let given = self.value(attribute, path, value)?;
        if given == GivenValue::Nothing && !is_empty {
            self.not_understood.push(path.to_owned());
        }
        match given.assigned() {
            Some(value) => insert(content, attribute.name.as_str(), value),
            None => Ok(()),
        }
    }
}

/// Checks that the body names the type's main schema and no schema that the type does not have (RFC
/// 7643 section 3).
///
/// # Errors
/// `invalidSyntax` if `schemas` is not such an array.
pub fn schemas(resource_type: &ResourceType, body: &Content) -> Result<(), Error> {
    let wrong = |text: String| Error::new(ErrorKind::InvalidSyntax, text);
    let given = body.iter().find(|(key, _)| key.eq_ignore_ascii_case("schemas"));
    let Some((_, Value::Array(given))) = given else {
        return Err(wrong(format!(
            "`schemas` must be an array that holds `{}`",
            resource_type.core().id
        )));
    };
    known_schemas(resource_type, given)?;
    let named =
        |uri: &Value| uri.as_str().is_some_and(|uri| urn::same(uri, &resource_type.core().id));
    if !given.iter().any(named) {
        return Err(Error::lacks_schema(&resource_type.core().id));
    }
    Ok(())
}

/// Checks that a resource of the type may have these schemas.
///
/// # Errors
/// `invalidSyntax` that names the first one which is not a schema of the type.
pub fn known_schemas(resource_type: &ResourceType, given: &[Value]) -> Result<(), Error> {
    let is_known = |uri: &str| resource_type.schemas().any(|schema| urn::same(&schema.id, uri));
    match given.iter().find(|uri| !uri.as_str().is_some_and(is_known)) {
        None => Ok(()),
        Some(uri) => {
            let detail = format!("{} has no schema {uri}", resource_type.name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail))
        }
    }
}

/// Checks that every required attribute has a value (RFC 7643 section 2.2, `required`).
///
/// # Errors
/// `invalidValue` that names the first missing attribute.
pub fn required(resource_type: &ResourceType, content: &Content) -> Result<(), Error> {
    all_required(resource_type, content, |attribute| attribute.mutability != Mutability::ReadOnly)
}

/// Checks that every required attribute of a stored content still has a value; write-only ones need
/// not, since they may not be stored.
///
/// # Errors
/// `invalidValue` that names the first missing attribute.
pub fn still_required(resource_type: &ResourceType, content: &Content) -> Result<(), Error> {
    let unread = [Mutability::ReadOnly, Mutability::WriteOnly];
    all_required(resource_type, content, |attribute| !unread.contains(&attribute.mutability))
}

/// Selects the required attributes that are checked.
type Demanded<'d> = &'d dyn Fn(&Attribute) -> bool;

fn all_required(
    resource_type: &ResourceType,
    content: &Content,
    demanded: impl Fn(&Attribute) -> bool,
) -> Result<(), Error> {
    let demanded: Demanded<'_> = &|attribute| attribute.required && demanded(attribute);
    attributes_required(&resource_type.core().attributes, content, "", demanded)?;
    for (extension, required) in resource_type.extensions() {
        match content.get(&extension.id) {
            Some(Value::Object(inner)) => {
                let prefix = format!("{}:", extension.id);
                attributes_required(&extension.attributes, inner, &prefix, demanded)?;
            }
            _ if required => return Err(missing(&extension.id)),
            _ => {}
        }
    }
    Ok(())
}

fn attributes_required(
    attributes: &[Attribute],
    content: &Content,
    prefix: &str,
    demanded: Demanded<'_>,
) -> Result<(), Error> {
    for attribute in attributes {
        let name = attribute.name.as_str();
        match content.get(name) {
            None if demanded(attribute) => {
                return Err(missing(&format!("{prefix}{name}")));
            }
            Some(Value::String(text)) if attribute.required && text.trim().is_empty() => {
                return Err(missing(&format!("{prefix}{name}")));
            }
            Some(value) if attribute.is_complex() => {
                for object in objects(value) {
                    let prefix = format!("{prefix}{name}.");
                    attributes_required(&attribute.sub_attributes, object, &prefix, demanded)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the object itself, or the objects in the array.
fn objects(value: &Value) -> impl Iterator<Item = &Content> {
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    value.as_object().into_iter().chain(many)
}

fn missing(path: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("`{path}` is required"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Policy;

    #[test]
    fn a_required_secret_is_demanded_once() {
        let profile = r#"{"extends": "default",
            "schemas": [{"id": "urn:x", "name": "X", "description": "", "attributes": [
                {"name": "pin", "required": true, "mutability": "writeOnly", "returned": "never"},
                {"name": "label", "required": true}]}],
            "resourceTypes": [{"name": "X", "endpoint": "/X", "schema": "urn:x"}]}"#;
        let policy = Policy::from_document(profile).unwrap();
        let resource_type = policy.registry.named("X").unwrap();
        let kept = Content::from_iter([("label".to_owned(), "l".into())]);
        assert!(required(resource_type, &kept).is_err());
        assert!(still_required(resource_type, &kept).is_ok());
        assert!(still_required(resource_type, &Content::new()).is_err());
    }
}
