//! A schema: RFC 7643 section 7.

use serde::Serialize;
use serde_json::Value;

use super::attribute::{self, Attribute};
use crate::json;

/// A schema as the data files hold it and as `/Schemas` shows it. The members `schemas` and `meta`
/// of RFC 7643's own document may be there; they say nothing that the rest does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// The URI.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people; none is empty.
    pub description: String,
    /// The attributes, in the order that `/Schemas` shows.
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

    /// The attribute of this name, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }
}
