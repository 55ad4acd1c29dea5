//! The use cases, one a file, named as RFC 7644 section 3 names them. Each reads like its section:
//! load, precondition, change a copy, check, commit unless nothing changed, show.

pub mod admin;
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

/// What a request about one resource says beside its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which attributes the answer is to hold.
    pub projection: Projection,
    /// On which versions it depends.
    pub conditions: Conditions,
}

/// A resource on its way to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    /// Its id.
    pub id: String,
    /// As JSON, after projection; `None` where the client knows it already, or has made it too
    /// large to be shown.
    pub resource: Option<String>,
    /// Its URL.
    pub location: String,
    /// Its entity tag.
    pub etag: String,
}
