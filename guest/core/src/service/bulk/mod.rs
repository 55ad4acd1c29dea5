//! Bulk requests: RFC 7644 section 3.7. Each operation is a separate commit, like the single
//! request, so that the failure of one does not affect the others; creations that refer to each
//! other in a cycle share one commit (section 3.7.1).
//!
//! `request` parses the body, `bulk_id` finds references, `plan` determines the order, `run`
//! performs the operations, `cycle` creates resources, and `response` reports the results.

mod bulk_id;
mod cycle;
mod plan;
mod request;
mod response;
mod run;
mod target;

use serde_json::Value;

use self::request::BulkRequest;
use self::run::BulkRun;
use super::Session;
use crate::error::Error;

/// Performs the operations and returns the BulkResponse, which contains the errors of single
/// operations.
///
/// # Errors
/// If the request as a whole is refused; nothing has happened then.
pub fn bulk(session: &Session<'_>, body: Value) -> Result<Value, Error> {
    let request = BulkRequest::parse(body)?;
    let mut run = BulkRun::new(session, &request);
    for unit in plan::units(&request.operations) {
        if run.failures() >= request.fail_on_errors {
            break;
        }
        run.perform(&unit);
    }
    run.keep_refusals();
    Ok(response::document(&request.operations, &run.finish()))
}
