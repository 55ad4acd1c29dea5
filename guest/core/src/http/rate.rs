//! How often a client may ask. Only the embedder sees all requests of a tenant, so the answers tell
//! it what to count to (wit/http.wit).

use super::Response;
use crate::profile::Rate;

/// The answer with what the embedder, and where the profile says so the client, has to know of the
/// tenant's rate.
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

/// The answer to what counts as several requests, such as the operations of a bulk request.
pub(super) fn charged(response: Response, count: usize) -> Response {
    match count {
        0 | 1 => response,
        count => response.with("x-scimlet-cost", &count.to_string()),
    }
}
