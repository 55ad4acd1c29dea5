//! The BulkResponse: RFC 7644 sections 3.7 and 3.7.3.

use serde_json::{Map, Value, json};

use super::request::BulkOperation;
use crate::error::Error;
use crate::ordered::OrderedMap;
use crate::{etag, urn};

/// The result of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// The resource's URL; `None` for a POST that failed.
    pub(super) location: Option<String>,
    /// The resource's new version, or the error.
    pub(super) result: Result<Success, Error>,
}

/// A successful operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Success {
    /// The status of the equivalent single request. Bodies are omitted, as the RFC allows, so 200
    /// also replaces the 204 of a PATCH whose resource is too large to return.
    pub(super) status: u16,
    /// The new version; `None` if the resource was deleted.
    pub(super) version: Option<u64>,
}

/// Returns the BulkResponse, with results in the order of the request, without operations that were
/// not tried.
pub(super) fn document(
    operations: &[BulkOperation],
    outcomes: &OrderedMap<usize, Outcome>,
) -> Value {
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
