//! The body of a search by POST: RFC 7644 section 3.4.3, RFC 9865 section 3. Members that are null
//! or an empty array count as absent (RFC 7643 section 2.5); unknown members are ignored.

use serde_json::Value;

use super::request::{check_names, descends, sort_path};
use crate::error::{Error, ErrorKind};
use crate::page::{Bounds, Paging};
use crate::projection::Projection;
use crate::schema::Content;
use crate::service::query::Search;
use crate::urn;

/// Parses a SearchRequest.
///
/// # Errors
/// `invalidSyntax` for a malformed body, or the error of an invalid member.
pub fn search(body: Value, bounds: Bounds) -> Result<Search, Error> {
    let Value::Object(body) = body else {
        return Err(Error::not_an_object());
    };
    check_schemas(&body)?;
    let given = |text: String| (!text.is_empty()).then_some(text);
    let sort_by = text(&body, "sortBy")?.and_then(given);
    let sort_order = text(&body, "sortOrder")?.and_then(given);
    let (start_index, count) = (integer(&body, "startIndex")?, integer(&body, "count")?);
    Ok(Search {
        filter: text(&body, "filter")?.and_then(given),
        sort_by: sort_by.map(|path| sort_path(&path)).transpose()?,
        descending: descends(sort_order.as_deref())?,
        paging: Paging::new(text(&body, "cursor")?, start_index, count, bounds)?,
        projection: Projection::new(
            texts(&body, "attributes")?,
            texts(&body, "excludedAttributes")?.unwrap_or_default(),
        ),
    })
}

fn check_schemas(body: &Content) -> Result<(), Error> {
    let schemas = member(body, "schemas").and_then(Value::as_array);
    let is_ours = |uri: &Value| uri.as_str().is_some_and(|uri| urn::same(uri, urn::SEARCH_REQUEST));
    match schemas {
        Some(schemas) if schemas.iter().any(is_ours) => Ok(()),
        _ => Err(Error::lacks_schema(urn::SEARCH_REQUEST)),
    }
}

/// Returns the list of strings of this name; `None` if it is absent or empty.
fn texts(body: &Content, name: &str) -> Result<Option<Vec<String>>, Error> {
    let wrong = || syntax(&format!("`{name}` must be an array of strings"));
    let Some(value) = member(body, name) else {
        return Ok(None);
    };
    let values = value.as_array().ok_or_else(wrong)?;
    check_names(name, values.len())?;
    let texts = values.iter().map(|value| value.as_str().map(ToOwned::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    Ok(Some(texts.ok_or_else(wrong)?).filter(|texts| !texts.is_empty()))
}

fn text(body: &Content, name: &str) -> Result<Option<String>, Error> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::must_be(ErrorKind::InvalidSyntax, name, "a string")),
    }
}

fn integer(body: &Content, name: &str) -> Result<Option<i64>, Error> {
    let Some(value) = member(body, name) else {
        return Ok(None);
    };
    let number = value.as_i64();
    let wrong = || Error::must_be(ErrorKind::InvalidSyntax, name, "an integer");
    let number = number.ok_or_else(wrong)?;
    Ok(Some(number))
}

/// Returns the member of this name, compared without case (RFC 7643 section 2.1), unless it is
/// null.
fn member<'a>(body: &'a Content, name: &str) -> Option<&'a Value> {
    let mut members = body.iter();
    let found = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

fn syntax(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidSyntax, detail)
}
