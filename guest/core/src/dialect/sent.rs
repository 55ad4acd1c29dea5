//! The parts of a request that quirks may rewrite.

use serde_json::Value;

use crate::schema::Content;

/// The part of a request that quirks may read and rewrite.
#[derive(Debug)]
pub enum Sent<'a> {
    /// The body of a POST or PUT.
    Resource(&'a mut Content),
    /// The body of a PATCH.
    Patch(&'a mut Content),
    /// The body of a search by POST.
    Search(&'a mut Content),
    /// The filter of a query, decoded.
    Filter(&'a mut String),
}

impl<'a> Sent<'a> {
    /// Wraps the body of a POST or PUT; `None` if it is not an object.
    pub fn resource(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Resource)
    }

    /// Wraps the body of a PATCH; `None` if it is not an object.
    pub fn patch(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Patch)
    }

    /// Wraps the body of a search by POST; `None` if it is not an object.
    pub fn search(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Search)
    }
}
