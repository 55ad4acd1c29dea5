//! A schema: RFC 7643 section 7.

use crate::json;
use serde::Serialize;

use super::attribute::{self, Attribute};

/// A schema as the data files hold it and as `/Schemas` shows it, without `schemas` and `meta`.
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
}

json::object!(strict Schema {
    id: "id",
    name: "name",
    description: "description" = String::new(),
    attributes: "attributes",
});

impl Schema {
    /// The attribute of this name, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }
}
