//! One HTTP exchange as the component sees it (`wit/http.wit`): [`Plugin::handle`] takes an
//! [`Origin`] and a [`Request`] and returns a [`Response`]. Requests and responses convert from and
//! to those of the crate `http`:
//!
//! ```
//! let request = http::Request::get("/Users?count=2").body(String::new())?;
//! let request = scimlet::http::Request::from(request);
//! assert_eq!((&*request.path, &*request.query), ("/Users", "count=2"));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! [`Plugin::handle`]: crate::Plugin::handle

use http::{HeaderName, HeaderValue, StatusCode};

pub use crate::bindings::scimlet::plugin::http::{
    Admitted, Caller, Origin, Principal, Request, Response,
};

impl Caller {
    /// A provisioning client that the embedder has authenticated, by its name in the journal and in
    /// events.
    #[must_use]
    pub fn client(name: impl Into<String>) -> Self {
        Self::Client(Principal { name: name.into() })
    }

    /// An end user of the application, by the id of its SCIM resource. It reaches only `/Me`.
    #[must_use]
    pub fn user(id: impl Into<String>) -> Self {
        Self::User(id.into())
    }
}

impl Origin {
    /// Where a request comes from: the tenant's name, and the tenant's SCIM base URL as clients see
    /// it, without a slash at its end. The client's address is unknown, and who asks is told by the
    /// Authorization header.
    #[must_use]
    pub fn new(tenant: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            base_url: base_url.into(),
            client_address: None,
            caller: Caller::Unknown,
        }
    }

    /// Adds the client's address, which a tenant may restrict.
    #[must_use]
    pub fn with_client_address(mut self, address: std::net::IpAddr) -> Self {
        self.client_address = Some(address.to_string());
        self
    }

    /// Says who asks, where the embedder has authenticated the caller itself.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }
}

impl Request {
    /// A request without headers and body. `path` is the path below the base URL, such as `/Users`,
    /// percent-encoded as it came.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            query: String::new(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Sets the query, percent-encoded, without `?`.
    #[must_use]
    pub fn with_query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// Adds a header. Names are in lower case.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }
}

/// Takes the path of the URI as the path below the base URL: an embedder that serves a tenant under
/// a prefix strips it first. Bytes of header values that are not UTF-8 are replaced by U+FFFD.
impl From<http::Request<String>> for Request {
    fn from(request: http::Request<String>) -> Self {
        let (parts, body) = request.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body,
        }
    }
}

/// Fails if the component gave a status or a header that HTTP does not allow.
impl TryFrom<Response> for http::Response<String> {
    type Error = http::Error;

    fn try_from(response: Response) -> Result<Self, http::Error> {
        let mut answer = http::Response::new(response.body);
        *answer.status_mut() = StatusCode::from_u16(response.status)?;
        for (name, value) in response.headers {
            let (name, value) = (HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
            answer.headers_mut().append(name, value);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_responses_are_converted() {
        let request = http::Request::builder()
            .method("GET")
            .uri("/Users?count=2")
            .header("If-Match", "W/\"1\"")
            .body(String::new());
        let request = Request::from(request.unwrap());
        let same =
            Request::new("GET", "/Users").with_query("count=2").with_header("if-match", "W/\"1\"");
        assert_eq!(request, same);
        let response = |status| Response {
            status,
            headers: vec![("etag".to_owned(), "W/\"1\"".to_owned())],
            body: "{}".to_owned(),
        };
        let answer = http::Response::try_from(response(200)).unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["etag"], "W/\"1\"");
        assert!(http::Response::try_from(response(1)).is_err());
    }
}
