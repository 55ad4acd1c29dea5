//! From a client's JSON to a resource's content: names in the schema's case, values of the schema's types, nothing
//! unassigned. RFC 7643 sections 2.1 to 2.5.

use std::collections::BTreeSet;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::attribute::{Attribute, DataType, Mutability};
use crate::error::{Error, ErrorKind};
use crate::resource_type::ResourceType;
use crate::urn;
use crate::{instant, limits};

/// A JSON object with the attributes of one resource.
pub type Content = Map<String, Value>;

/// Checks values against a schema, and keeps what it did not take.
#[derive(Debug, Default)]
pub struct Checker {
    /// Attributes that no schema knows, for the journal.
    pub ignored: Vec<String>,
}

impl Checker {
    /// The content of a whole resource. ReadOnly attributes are left out (RFC 7644 section 3.5.1), and `schemas`, which
    /// follows from the content. Relations stay as they came: they are not content, and `relation::take` reads them.
    pub fn resource(&mut self, of: &ResourceType, body: Content) -> Result<Content, Error> {
        let mut content = Content::new();
        for (key, value) in body {
            if let Some(extension) = of.extension(&key) {
                let inner = self.object(&extension.attributes, &extension.id, value)?;
                if let Some(Value::Object(inner)) = inner {
                    insert(&mut content, &extension.id, Value::Object(inner))?;
                }
            } else if let Some(relation) = of.relation_named(&key) {
                insert(&mut content, relation.attribute.as_str(), value)?;
            } else if let Some(attribute) = of.attribute(&key) {
                self.member(attribute, &key, value, &mut content)?;
            } else {
                self.ignored.push(key);
            }
        }
        content.remove("schemas");
        Ok(content)
    }

    /// A value of an attribute in its canonical form; `None` if it is unassigned: null, `[]` or an object without values.
    pub fn value(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<Option<Value>, Error> {
        match value {
            Value::Null => Ok(None),
            Value::Array(values) if attribute.multi_valued => self.values(attribute, path, values),
            _ if attribute.multi_valued => Err(invalid(path, "must be an array")),
            value => self.single(attribute, path, value),
        }
    }

    /// One value, of a multi-valued attribute too.
    pub fn single(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<Option<Value>, Error> {
        match attribute.data_type {
            DataType::Complex => self.object(&attribute.sub_attributes, path, value),
            _ if value
                .as_str()
                .is_some_and(|text| text.len() > limits::VALUE_BYTES) =>
            {
                let detail = format!("has more than {} bytes", limits::VALUE_BYTES);
                Err(invalid(path, &detail))
            }
            _ => simple(attribute, path, value).map(Some),
        }
    }

    /// Several values, each once (RFC 7643 section 2.4).
    fn values(
        &mut self,
        attribute: &Attribute,
        path: &str,
        values: Vec<Value>,
    ) -> Result<Option<Value>, Error> {
        if values.len() > limits::ATTRIBUTE_VALUES {
            let detail = format!("has more than {} values", limits::ATTRIBUTE_VALUES);
            return Err(invalid(path, &detail));
        }
        let mut kept = Vec::with_capacity(values.len());
        for value in values.into_iter().filter(|value| !value.is_null()) {
            kept.extend(self.single(attribute, path, value)?);
        }
        let mut seen = BTreeSet::new();
        kept.retain(|value: &Value| seen.insert(value.to_string()));
        one_primary(path, &kept)?;
        Ok((!kept.is_empty()).then_some(Value::Array(kept)))
    }

    fn object(
        &mut self,
        attributes: &[Attribute],
        path: &str,
        value: Value,
    ) -> Result<Option<Value>, Error> {
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(None),
            _ => return Err(invalid(path, "must be an object")),
        };
        let mut content = Content::new();
        for (key, value) in members {
            match super::attribute::find(attributes, &key) {
                Some(attribute) => {
                    self.member(attribute, &format!("{path}.{key}"), value, &mut content)?;
                }
                None => self.ignored.push(format!("{path}.{key}")),
            }
        }
        Ok((!content.is_empty()).then_some(Value::Object(content)))
    }

    fn member(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
        content: &mut Content,
    ) -> Result<(), Error> {
        if attribute.mutability == Mutability::ReadOnly {
            return Ok(());
        }
        match self.value(attribute, path, value)? {
            Some(value) => insert(content, attribute.name.as_str(), value),
            None => Ok(()),
        }
    }
}

/// Whether the body names the type's own schema, and no schema that the type does not have (RFC 7643 section 3).
pub fn schemas(of: &ResourceType, body: &Content) -> Result<(), Error> {
    let wrong = |text: String| Error::new(ErrorKind::InvalidSyntax, text);
    let given = body
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("schemas"));
    let Some((_, Value::Array(given))) = given else {
        return Err(wrong(format!(
            "`schemas` must be an array that holds `{}`",
            of.core().id
        )));
    };
    known_schemas(of, given)?;
    let named = |uri: &Value| {
        uri.as_str()
            .is_some_and(|uri| urn::same(uri, &of.core().id))
    };
    if !given.iter().any(named) {
        return Err(wrong(format!("`schemas` must hold `{}`", of.core().id)));
    }
    Ok(())
}

/// Whether these are schemas that a resource of the type may have.
pub fn known_schemas(of: &ResourceType, given: &[Value]) -> Result<(), Error> {
    let is_known = |uri: &str| of.schemas().any(|schema| urn::same(&schema.id, uri));
    match given.iter().find(|uri| !uri.as_str().is_some_and(is_known)) {
        None => Ok(()),
        Some(uri) => {
            let detail = format!("{} has no schema {uri}", of.name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail))
        }
    }
}

/// Whether everything that must be there is (RFC 7643 section 2.2, `required`).
pub fn required(of: &ResourceType, content: &Content) -> Result<(), Error> {
    all_required(of, content, |attribute| {
        attribute.mutability != Mutability::ReadOnly
    })
}

/// The same for a content that was kept: what is written and never read need not be there any more.
pub fn still_required(of: &ResourceType, content: &Content) -> Result<(), Error> {
    let unread = [Mutability::ReadOnly, Mutability::WriteOnly];
    all_required(of, content, |attribute| {
        !unread.contains(&attribute.mutability)
    })
}

/// Which required attributes have to be there.
type Demanded<'d> = &'d dyn Fn(&Attribute) -> bool;

fn all_required(
    of: &ResourceType,
    content: &Content,
    demanded: impl Fn(&Attribute) -> bool,
) -> Result<(), Error> {
    let demanded: Demanded<'_> = &|attribute| attribute.required && demanded(attribute);
    attributes_required(&of.core().attributes, content, "", demanded)?;
    for (extension, required) in of.extensions() {
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
            Some(Value::String(text)) if attribute.required && text.is_empty() => {
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
        T::Complex => (false, "must be an object"),
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

/// RFC 4648 sections 4 and 5, as RFC 7643 section 2.3.6 allows both; with all of the padding, or with none.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let is_padded = bare.len().next_multiple_of(4) == text.len();
    (is_padded || bare == text)
        && (Base64Unpadded::decode_vec(bare).is_ok() || Base64UrlUnpadded::decode_vec(bare).is_ok())
}

fn insert(content: &mut Content, name: &str, value: Value) -> Result<(), Error> {
    match content.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::InvalidSyntax,
            format!("`{name}` is given twice"),
        )),
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
        let of = policy.registry.named("X").unwrap();
        let kept = Content::from_iter([("label".to_owned(), "l".into())]);
        assert!(required(of, &kept).is_err());
        assert!(still_required(of, &kept).is_ok());
        assert!(still_required(of, &Content::new()).is_err());
    }
}
