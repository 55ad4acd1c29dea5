//! The use cases, one a file, named as RFC 7644 section 3 names them. Each reads like its section: load, precondition, change a
//! copy, check, commit unless nothing changed, show.

pub mod admin;
pub mod audit;
pub mod bulk;
pub mod create;
pub mod delete;
pub mod discovery;
pub mod event;
mod fork;
mod life;
mod linking;
pub mod modify;
pub mod query;
mod references;
mod related;
pub mod replace;
pub mod retrieve;
mod secret;
mod session;
mod update;
mod visit;
mod walk;

use crate::etag::Condition;
use crate::projection::Projection;
use crate::schema::Content;

pub use session::Session;
pub use visit::Visit;

/// The If-Match and If-None-Match of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The change goes ahead only if this holds.
    pub if_match: Option<Condition>,
    /// The answer is worth sending, or the change goes ahead, only if this does not hold.
    pub if_none_match: Option<Condition>,
}

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
pub struct Shown {
    /// After projection.
    pub resource: Content,
    /// Its URL.
    pub location: String,
    /// Its entity tag.
    pub etag: String,
}
