//! The end user's own resource: RFC 7644 section 3.11.

use crate::json;

/// What `/Me` is (RFC 7644 section 3.11), for embedders that name the end user who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The type of the end users' resources.
    pub resource_type: String,
    /// What they may do with their own: `GET` (and with it HEAD), `PUT`, `PATCH`, `DELETE`.
    pub methods: Vec<String>,
}

json::decode_struct!(strict Me {
    resource_type: "resourceType",
    methods: "methods",
});
