//! What the host answers by itself: SCIM errors (RFC 7644 section 3.12) that give nothing away.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::plugin::Fault;

/// Seconds after which a client may try again what a passing condition refused.
const RETRY_SECONDS: u16 = 5;

/// A SCIM error of the host.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// For what the client cannot help: the details are in the log beside the incident id.
    pub(super) fn incident(id: Uuid, passing: bool) -> Self {
        if passing {
            let detail = format!("the service is busy, try again later (incident {id})");
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        }
        let detail = format!("internal error (incident {id})");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let Fault { request, cause } = &fault;
        tracing::error!(incident = %request, "{cause}");
        Self::incident(*request, fault.is_passing())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_str(),
            "detail": self.detail,
        });
        let content_type = [(CONTENT_TYPE, "application/scim+json")];
        let mut response = (self.status, content_type, body.to_string()).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response
    }
}
