//! Bulk: RFC 7644 section 3.7. Each operation is a commit of its own, as if it had come alone, so that the failure of one leaves
//! the others; creations that refer to each other in a circle are one commit together (section 3.7.1).
//!
//! `request` reads what was sent, `reference` knows what a `bulkId` looks like, `plan` says what comes before what, `run` does
//! it, and `response` shows what became of it.

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

/// Performs the operations and returns the BulkResponse. An error if the request as a whole is refused; then nothing has
/// happened. What goes wrong with one operation stands in the response.
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
