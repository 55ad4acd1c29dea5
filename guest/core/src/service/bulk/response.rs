//! The BulkResponse: RFC 7644 sections 3.7 and 3.7.3.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::request::BulkOperation;
use crate::error::Error;
use crate::{etag, urn};

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// The resource's URL; a POST that failed has none.
    pub(super) location: Option<String>,
    /// The version that the resource has now, or why nothing happened.
    pub(super) result: Result<Success, Error>,
}

/// An operation that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Success {
    /// The status of the single request. A body is left out, as the RFC allows, so that 200 also stands for the 204 of a PATCH
    /// whose resource is too large to show.
    pub(super) status: u16,
    /// `None` if the resource is not there any more.
    pub(super) version: Option<u64>,
}

/// The results in the order of the request, without those of operations that were not tried.
pub(super) fn document(operations: &[BulkOperation], outcomes: &BTreeMap<usize, Outcome>) -> Value {
    let results = operations.iter().enumerate();
    let results = results
        .filter_map(|(index, operation)| Some(result(operation, outcomes.get(&index)?)))
        .collect::<Vec<_>>();
    json!({"schemas": [urn::BULK_RESPONSE], "Operations": results})
}

fn result(operation: &BulkOperation, outcome: &Outcome) -> Value {
    let mut result = Map::new();
    let mut insert = |name: &str, value: Option<Value>| {
        result.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    insert("method", text(&operation.method));
    insert("bulkId", text(&operation.bulk_id));
    insert("location", text(&outcome.location));
    match &outcome.result {
        Ok(success) => {
            let version = success.version.map(etag::format);
            insert("version", text(&version));
            insert("status", Some(success.status.to_string().into()));
        }
        Err(error) => {
            insert("status", Some(error.kind.status().to_string().into()));
            insert("response", Some(error.document()));
        }
    }
    Value::Object(result)
}
