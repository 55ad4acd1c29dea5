//! A profile's rules for `/Me`, the end user's own resource: RFC 7644 section 3.11.

use crate::json;

/// Settings of `/Me` (RFC 7644 section 3.11), for embedders that identify the end user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The resource type of end users.
    pub resource_type: String,
    /// The methods that they may use: `GET` (which includes HEAD), `PUT`, `PATCH`, `DELETE`.
    pub methods: Vec<String>,
}

json::decode_struct!(strict Me {
    resource_type: "resourceType",
    methods: "methods",
});
