//! How often a client may ask. Only the embedder sees all requests of a tenant, so the answers tell it what to count to
//! (wit/http.wit).

use serde_json::Value;

use super::Response;
use crate::profile::Rate;

/// The answer with what the embedder, and where the profile says so the client, has to know of the tenant's rate.
pub(super) fn told(rate: &Rate, response: Response) -> Response {
    let Some(requests) = rate.requests_per_second else {
        return response;
    };
    let response = response.with("x-scimlet-rate", &requests.to_string());
    if !rate.headers {
        return response;
    }
    response.with("ratelimit-policy", &format!("\"default\";q={requests};w=1"))
}

/// The answer to a client that may do nothing at all: it takes nothing off the tenant's rate.
pub(super) fn free(response: Response) -> Response {
    response.with("x-scimlet-cost", "0")
}

/// The answer to a bulk request, whose operations count as requests.
pub(super) fn charged(response: Response, document: &Value) -> Response {
    let operations = document.get("Operations").and_then(Value::as_array);
    let count = operations.map_or(1, Vec::len).max(1);
    response.with("x-scimlet-cost", &count.to_string())
}
