//! Schema definitions: RFC 7643 section 7.

use serde::Serialize;
use serde_json::Value;

use super::attribute::{self, Attribute};
use crate::json;

/// A schema as in the data files and in responses of `/Schemas`. The members `schemas` and `meta`
/// of RFC 7643's own documents are accepted but ignored; they add no information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// The schema's URI.
    pub id: String,
    /// A name for users.
    pub name: String,
    /// A description for users, never empty.
    pub description: String,
    /// The attributes, in the order in which `/Schemas` returns them.
    pub attributes: Vec<Attribute>,
    #[serde(skip)]
    _schemas: Value,
    #[serde(skip)]
    _meta: Value,
}

json::decode_struct!(strict Schema {
    id: "id",
    name: "name",
    description: "description" = String::new(),
    attributes: "attributes",
    _schemas: "schemas" = Value::Null,
    _meta: "meta" = Value::Null,
});

impl Schema {
    /// A schema without attributes.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            description: String::new(),
            attributes: Vec::new(),
            _schemas: Value::Null,
            _meta: Value::Null,
        }
    }

    /// Returns the attribute of this name, compared without case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }
}
