//! A resource as tests compare it: with only the ids of the resources that it is linked to, in
//! order, and null for each value that is not known.

use anyhow::{Context, ensure};
use scimlet_tests::client::text;
use serde_json::Value;

/// The version in a document's `meta`.
pub fn version(document: &Value) -> u64 {
    let tag = document["meta"]["version"].as_str().unwrap_or_default();
    let digits = tag.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Checks a document's location; returns the document without it, and with only the ids of the
/// resources that it is linked to.
pub fn plain(mut document: Value, base: &str) -> anyhow::Result<Value> {
    let kind = text(&document["meta"], "resourceType")?;
    let location = format!("{base}/{kind}s/{}", text(&document, "id")?);
    ensure!(document["meta"]["location"] == *location, "a wrong location: {document}");
    let links = if is_group(&document) { "members" } else { "groups" };
    let values = document[links].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<&str> = values.iter().filter_map(|value| value["value"].as_str()).collect();
    ids.sort_unstable();
    ensure!(ids.len() == values.len(), "a link to nothing: {document}");
    document[links] = ids.into();
    let meta = document["meta"].as_object_mut().context("no meta")?;
    meta.remove("location");
    Ok(document)
}

/// Whether a document is a group; otherwise it is a user.
pub fn is_group(document: &Value) -> bool {
    document["meta"]["resourceType"] == "Group"
}

/// A user's userName or a group's displayName.
pub fn name(document: &Value) -> anyhow::Result<&str> {
    let found = document["userName"].as_str().or(document["displayName"].as_str());
    found.with_context(|| format!("without a name: {document}"))
}

/// The ids of a group's members.
pub fn members(group: &Value) -> Vec<&str> {
    let ids = group["members"].as_array().map_or(&[][..], Vec::as_slice);
    ids.iter().filter_map(Value::as_str).collect()
}

/// Null matches whatever is there.
pub fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Null, _) => true,
        (Value::Object(expected), Value::Object(found)) => {
            let all = expected.iter().all(|(name, expected)| {
                found.get(name).is_some_and(|found| matches(expected, found))
            });
            all && expected.len() == found.len()
        }
        (Value::Array(expected), Value::Array(found)) => {
            let mut pairs = expected.iter().zip(found);
            pairs.all(|(expected, found)| matches(expected, found)) && expected.len() == found.len()
        }
        (expected, found) => expected == found,
    }
}
