//! What the host answers by itself: SCIM errors (RFC 7644 section 3.12) that give nothing away.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::plugin::PluginError;

/// Seconds after which a client may try again what a passing condition refused.
const RETRY_SECONDS: u64 = 5;

/// A SCIM error of the host.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    headers: Vec<(&'static str, String)>,
    /// Beside those that RFC 7644 names.
    members: Vec<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            members: Vec::new(),
        }
    }

    /// With a member more in the body.
    pub(super) fn with_member(mut self, name: &'static str, value: String) -> Self {
        self.members.push((name, value));
        self
    }

    /// With a header more.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// With the seconds after which the client may try again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with("retry-after", seconds)
    }

    /// 503 for what other requests are in the way of.
    pub(super) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_SECONDS)
    }

    /// For what the client cannot help: the details are in the log beside the incident id.
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
            // What HTTP does not allow is left out, as it is of the guest's answers.
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
