//! Headers about the request rate. Only the embedder sees all requests of a tenant, so responses
//! tell it the limit to apply (wit/http.wit).

use super::Response;
use crate::profile::Rate;

/// Adds the headers about the tenant's rate for the embedder and, if the profile says so, for the
/// client.
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

/// Marks a response that does not count against the rate, for a client that may do nothing at all.
pub(super) fn free(response: Response) -> Response {
    response.with("x-scimlet-cost", "0")
}

/// Marks a response that counts as several requests, such as that to a bulk request.
pub(super) fn charged(response: Response, count: usize) -> Response {
    match count {
        0 | 1 => response,
        count => response.with("x-scimlet-cost", &count.to_string()),
    }
}
