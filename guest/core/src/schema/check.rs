//! From a client's JSON to a resource's content: names in the schema's case, values of the schema's
//! types, nothing unassigned. RFC 7643 sections 2.1 to 2.5.

use std::collections::BTreeSet;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::attribute::{Attribute, DataType, Mutability};
use crate::error::{Error, ErrorKind};
use crate::instant;
use crate::resource_type::ResourceType;
use crate::urn;

/// What is said of a complex value that is none.
const AN_OBJECT: &str = "must be an object";

/// A JSON object with the attributes of one resource.
pub type Content = Map<String, Value>;

/// What a value says of its attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenValue {
    /// Nothing: an object, or an array of objects, that names none of the attribute's
    /// sub-attributes which a client may write. `{}` is one of them.
    Nothing,
    /// That it has no value: null, or an array without values (RFC 7643 section 2.5).
    Unassigned,
    /// This value, in its canonical form. A member that is null unassigns that sub-attribute;
    /// elements of an array have none.
    Value(Value),
}

impl GivenValue {
    /// The value that the attribute has if it had none before: without what is unassigned.
    #[must_use]
    pub fn assigned(self) -> Option<Value> {
        match self {
            Self::Nothing | Self::Unassigned => None,
            Self::Value(Value::Object(mut members)) => {
                members.retain(|_, value| !value.is_null());
                (!members.is_empty()).then_some(Value::Object(members))
            }
            Self::Value(value) => Some(value),
        }
    }
}

/// Checks values against a schema, and keeps what it did not take.
#[derive(Debug, Default)]
pub struct Checker {
    /// The paths of what was given and no schema has.
    pub unknown: Vec<String>,
    /// The paths of what was given and clients cannot write.
    pub read_only: Vec<String>,
    /// The paths of attributes of a whole resource whose values said [`Given::Nothing`] and were
    /// not `{}`.
    pub not_understood: Vec<String>,
}

impl Checker {
    /// The content of a whole resource. ReadOnly attributes are left out (RFC 7644 section 3.5.1),
    /// and `schemas`, which follows from the content. Relations stay as they came: they are not
    /// content, and `relation::take` reads them.
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

    /// An extension's attributes of a whole resource.
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
            match super::attribute::find(attributes, &key) {
                Some(attribute) => {
                    let path = format!("{uri}:{}", attribute.name);
                    self.attribute(attribute, &path, value, &mut content)?;
                }
                None => self.unknown.push(format!("{uri}:{key}")),
            }
        }
        Ok(content)
    }

    /// An attribute of a whole resource.
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

    /// What a value says of an attribute.
    ///
    /// # Errors
    /// `invalidValue` if it is not of the attribute's type.
    pub fn value(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        match value {
            Value::Null => Ok(GivenValue::Unassigned),
            Value::Array(values) if attribute.multi_valued => self.values(attribute, path, values),
            _ if attribute.multi_valued => Err(invalid(path, "must be an array")),
            value => self.single(attribute, path, value),
        }
    }

    /// What one value says, of a multi-valued attribute too.
    ///
    /// # Errors
    /// `invalidValue` if it is not of the attribute's type.
    pub fn single(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        match attribute.data_type {
            DataType::Complex => self.object(&attribute.sub_attributes, path, value),
            _ => simple(attribute, path, value).map(GivenValue::Value),
        }
    }

    /// Several values, each once (RFC 7643 section 2.4).
    fn values(
        &mut self,
        attribute: &Attribute,
        path: &str,
        values: Vec<Value>,
    ) -> Result<GivenValue, Error> {
        let mut says_nothing = !values.is_empty();
        let mut kept = Vec::with_capacity(values.len());
        for value in values {
            if value.is_null() {
                says_nothing = false;
                continue;
            }
            let given = self.single(attribute, path, value)?;
            says_nothing &= given == GivenValue::Nothing;
            kept.extend(given.assigned());
        }
        let mut seen = BTreeSet::new();
        kept.retain(|value: &Value| seen.insert(value.to_string()));
        one_primary(path, &kept)?;
        Ok(match kept.is_empty() {
            false => GivenValue::Value(Value::Array(kept)),
            true if says_nothing => GivenValue::Nothing,
            true => GivenValue::Unassigned,
        })
    }

    fn object(
        &mut self,
        attributes: &[Attribute],
        path: &str,
        value: Value,
    ) -> Result<GivenValue, Error> {
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(GivenValue::Unassigned),
            _ => return Err(invalid(path, AN_OBJECT)),
        };
        let mut content = Content::new();
        for (key, value) in members {
            let path = format!("{path}.{key}");
            match super::attribute::find(attributes, &key) {
                None => self.unknown.push(path),
                Some(sub) if sub.mutability == Mutability::ReadOnly => self.read_only.push(path),
                Some(sub) => match self.value(sub, &path, value)? {
                    GivenValue::Nothing => {}
                    GivenValue::Unassigned => insert(&mut content, sub.name.as_str(), Value::Null)?,
                    GivenValue::Value(value) => insert(&mut content, sub.name.as_str(), value)?,
                },
            }
        }
        Ok(match content.is_empty() {
            true => GivenValue::Nothing,
            false => GivenValue::Value(Value::Object(content)),
        })
    }
}

/// Whether the body names the type's own schema, and no schema that the type does not have (RFC
/// 7643 section 3).
pub fn schemas(resource_type: &ResourceType, body: &Content) -> Result<(), Error> {
    let wrong = |text: String| Error::new(ErrorKind::InvalidSyntax, text);
    let given = body
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("schemas"));
    let Some((_, Value::Array(given))) = given else {
        return Err(wrong(format!(
            "`schemas` must be an array that holds `{}`",
            resource_type.core().id
        )));
    };
    known_schemas(resource_type, given)?;
    let named = |uri: &Value| {
        uri.as_str()
            .is_some_and(|uri| urn::same(uri, &resource_type.core().id))
    };
    if !given.iter().any(named) {
        return Err(Error::lacks_schema(&resource_type.core().id));
    }
    Ok(())
}

/// Whether these are schemas that a resource of the type may have.
pub fn known_schemas(resource_type: &ResourceType, given: &[Value]) -> Result<(), Error> {
    let is_known = |uri: &str| {
        resource_type
            .schemas()
            .any(|schema| urn::same(&schema.id, uri))
    };
    match given.iter().find(|uri| !uri.as_str().is_some_and(is_known)) {
        None => Ok(()),
        Some(uri) => {
            let detail = format!("{} has no schema {uri}", resource_type.name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail))
        }
    }
}

/// Whether everything that must be there is (RFC 7643 section 2.2, `required`).
pub fn required(resource_type: &ResourceType, content: &Content) -> Result<(), Error> {
    all_required(resource_type, content, |attribute| {
        attribute.mutability != Mutability::ReadOnly
    })
}

/// The same for a content that was kept: what is written and never read need not be there any more.
pub fn still_required(resource_type: &ResourceType, content: &Content) -> Result<(), Error> {
    let unread = [Mutability::ReadOnly, Mutability::WriteOnly];
    all_required(resource_type, content, |attribute| {
        !unread.contains(&attribute.mutability)
    })
}

/// Which required attributes have to be there.
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

/// The object, or the objects of the array.
fn objects(value: &Value) -> impl Iterator<Item = &Content> {
    let many = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object);
    value.as_object().into_iter().chain(many)
}

/// `primary` is true once at the most (RFC 7643 section 2.4).
pub fn one_primary(path: &str, values: &[Value]) -> Result<(), Error> {
    let primaries = values
        .iter()
        .filter(|value| value.get("primary") == Some(&Value::Bool(true)));
    if primaries.count() > 1 {
        return Err(invalid(path, "may have one primary value"));
    }
    Ok(())
}

fn simple(attribute: &Attribute, path: &str, value: Value) -> Result<Value, Error> {
    use DataType as T;
    let (fits, expected) = match attribute.data_type {
        T::String | T::Reference => (value.is_string(), "must be a string"),
        T::Boolean => (value.is_boolean(), "must be true or false"),
        T::Decimal => (value.is_number(), "must be a number"),
        T::Integer => (is_integer(&value), "must be an integer"),
        T::DateTime => {
            let fits = value
                .as_str()
                .is_some_and(|text| instant::parse(text).is_some());
            (fits, "must be a dateTime such as 2008-01-23T04:56:22Z")
        }
        T::Binary => (
            value.as_str().is_some_and(is_base64),
            "must be a string in base64",
        ),
        T::Complex => (false, AN_OBJECT),
    };
    if fits {
        Ok(value)
    } else {
        Err(invalid(path, expected))
    }
}

/// A number without fraction and exponent (RFC 7643 section 2.3.4), of any size.
fn is_integer(value: &Value) -> bool {
    let Value::Number(number) = value else {
        return false;
    };
    number
        .to_string()
        .trim_start_matches('-')
        .bytes()
        .all(|b| b.is_ascii_digit())
}

/// RFC 4648 sections 4 and 5, as RFC 7643 section 2.3.6 allows both; with all of the padding, or
/// with none.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let is_padded = bare.len().next_multiple_of(4) == text.len();
    (is_padded || bare == text)
        && (Base64Unpadded::decode_vec(bare).is_ok() || Base64UrlUnpadded::decode_vec(bare).is_ok())
}

fn insert(content: &mut Content, name: &str, value: Value) -> Result<(), Error> {
    match content.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::twice(ErrorKind::InvalidSyntax, name)),
    }
}

fn invalid(path: &str, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("`{path}` {problem}"))
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
