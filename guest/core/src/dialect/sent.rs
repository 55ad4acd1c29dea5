//! What quirks work on.

use serde_json::Value;

use crate::schema::Content;

/// What a client sent, as far as quirks may look at it.
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
    /// A body of POST or PUT; `None` if there is nothing to rewrite in it.
    pub fn resource(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Resource)
    }

    /// A body of PATCH; `None` if there is nothing to rewrite in it.
    pub fn patch(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Patch)
    }

    /// A body of a search by POST; `None` if there is nothing to rewrite in it.
    pub fn search(body: &'a mut Value) -> Option<Self> {
        body.as_object_mut().map(Self::Search)
    }
}
