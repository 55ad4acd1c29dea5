//! Error responses of the host: SCIM errors (RFC 7644 section 3.12) without internal details.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::plugin::PluginError;

/// Retry-After, in seconds, for temporary conditions.
const RETRY_SECONDS: u64 = 5;

/// An error response of the host.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    headers: Vec<(&'static str, String)>,
    /// Members of the body beyond those of RFC 7644.
    members: Vec<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), headers: Vec::new(), members: Vec::new() }
    }

    /// Adds a member to the body.
    pub(super) fn with_member(mut self, name: &'static str, value: String) -> Self {
        self.members.push((name, value));
        self
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// Adds Retry-After.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with("retry-after", seconds)
    }

    /// 503 for a request that cannot be served because of other requests.
    pub(super) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_SECONDS)
    }

    /// An internal error. The log has its details under the incident id. 503 if a later attempt may
    /// succeed, 500 otherwise.
    pub(super) fn incident(id: Uuid, passing: bool) -> Self {
        if passing {
            let detail = format!("the service is busy, try again later (incident {id})");
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_SECONDS);
        }
        let detail = format!("internal error (incident {id})");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<PluginError> for Problem {
    fn from(fault: PluginError) -> Self {
        let PluginError { request, cause } = &fault;
        tracing::error!(incident = %request, "{cause}");
        Self::incident(*request, fault.is_passing())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_str(),
            "detail": self.detail,
        });
        for (name, value) in self.members {
            body[name] = value.into();
        }
        let content_type = [(CONTENT_TYPE, "application/scim+json")];
        let mut response = (self.status, content_type, body.to_string()).into_response();
        for (name, value) in self.headers {
            // Headers that HTTP does not allow are omitted, as in the guest's responses.
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
