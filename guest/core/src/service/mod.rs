//! The use cases, one per file, named as in RFC 7644 section 3. Each reads like its section: load,
//! check preconditions, change a copy, validate, commit unless nothing changed, return.

pub mod admin;
#[cfg(feature = "application")]
mod application;
pub mod bulk;
mod conditions;
pub mod create;
pub mod delete;
pub mod discovery;
mod display_names;
mod existing;
mod expand;
mod find_all;
mod fork;
mod lifecycle;
pub mod modify;
mod nesting;
mod product_id;
mod product_view;
pub mod query;
mod references;
mod relation_writer;
mod removed;
pub mod replace;
mod represent;
pub mod retrieve;
mod retry;
mod secret;
mod session;
pub mod write;

use crate::projection::Projection;

pub use conditions::Conditions;
pub use retry::RetryingSession;
pub use session::Session;

/// The options of a request about one resource, in addition to its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which attributes the response contains.
    pub projection: Projection,
    /// The versions that the request depends on.
    pub conditions: Conditions,
}

/// A resource as it is sent to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    /// The resource's id.
    pub id: String,
    /// The JSON after projection; `None` if the client has this version already, or if the resource
    /// is too large to be returned.
    pub resource: Option<String>,
    /// The resource's URL.
    pub location: String,
    /// The entity tag of its version.
    pub etag: String,
}
