//! Responses: RFC 7644 sections 3.1, 3.12 and 3.14.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::service::Representation;

/// The media types of bodies (RFC 7644 section 3.8); the first unless the client prefers the other.
pub const MEDIA_TYPES: [&str; 2] = ["application/scim+json", "application/json"];

/// An HTTP response (wit/http.wit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// A JSON document, or empty.
    pub body: String,
}

impl Response {
    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A response with a JSON document.
    #[must_use]
    pub fn json(status: u16, document: &Value) -> Self {
        // `Display` would print it piece by piece through a formatter.
        Self::text(status, serde_json::to_string(document).unwrap_or_default())
    }

    /// A response with the text of a JSON document.
    #[must_use]
    pub fn text(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body }
            .with("content-type", MEDIA_TYPES[0])
            .with("x-content-type-options", "nosniff")
    }

    /// A response with one resource, its ETag and its URL: RFC 7644 shows it as the location of
    /// every response, for HTTP it is that of the content (RFC 9110 section 8.7). The status is
    /// `unshown` if the resource is not in the body.
    #[must_use]
    pub fn resource(status: u16, unshown: u16, shown: Representation) -> Self {
        let answer = match shown.resource {
            Some(resource) => Self::text(status, resource),
            None => Self::empty(unshown),
        };
        let answer = answer.with("etag", &shown.etag).with("location", &shown.location);
        if status == 201 {
            return answer;
        }
        answer.with("content-location", &shown.location)
    }

    /// A response with the SCIM form of an error, and the headers that its status requires.
    #[must_use]
    pub fn error(error: &Error) -> Self {
        let answer = Self::json(error.kind.status(), &error.document());
        match error.kind {
            ErrorKind::Unauthorized => answer.with("www-authenticate", "Bearer realm=\"scim\""),
            ErrorKind::Stale | ErrorKind::Unavailable | ErrorKind::Unknown => {
                answer.with("retry-after", "1")
            }
            _ => answer,
        }
    }

    /// Returns this response with the name for JSON that the client accepts.
    #[must_use]
    pub fn of_type(mut self, media_type: &str) -> Self {
        let mut headers = self.headers.iter_mut();
        if let Some((_, value)) = headers.find(|(name, _)| name == "content-type") {
            media_type.clone_into(value);
        }
        self
    }

    /// Returns this response with another header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}
