//! A received request, and the interpretation of its headers and query.

use std::borrow::Cow;
use std::num::IntErrorKind;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::response::MEDIA_TYPES;
use crate::error::{Error, ErrorKind};
use crate::etag::Condition;
use crate::filter::AttrPath;
use crate::page::{Bounds, Paging};
use crate::projection::Projection;
use crate::resource_type::ResourceType;
use crate::service::query::Search;
use crate::service::{Conditions, Options};
use crate::{json, limits};

/// An HTTP request (wit/http.wit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method as received.
    pub method: String,
    /// The path below the base URL, still percent-encoded.
    pub path: String,
    /// The query without `?`, still percent-encoded.
    pub query: String,
    /// Header names, in any case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as received.
    pub body: String,
}

impl Request {
    /// Returns the value of a header; the first if it occurs several times.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the Authorization header.
    ///
    /// # Errors
    /// 400 if there are several.
    pub fn authorization(&self) -> Result<Option<&str>, Error> {
        authorization(&self.headers)
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    /// 413 if it is too large, 415 if it is declared as something else, 400 if it is not JSON.
    pub fn json(&self) -> Result<Value, Error> {
        check_size(self.body.len(), limits::BODY_BYTES)?;
        self.check_media_type()?;
        json::parse(&self.body).map_err(no_json)
    }

    /// Parses the body of a request that creates or changes a resource of this type. It may be
    /// larger by the values of relations, which are then packed (see [`json::parse_large`]).
    ///
    /// # Errors
    /// 413, 415 or 400, if the body is too large, not declared as JSON, or not JSON.
    pub fn json_of(&self, resource_type: &ResourceType) -> Result<Value, Error> {
        let relations = resource_type.definition.relations.iter();
        let names: Vec<&str> = relations.map(|r| r.attribute.as_str()).collect();
        if names.is_empty() || self.body.len() <= limits::BODY_BYTES {
            return self.json();
        }
        check_size(self.body.len(), limits::LARGE_BODY_BYTES)?;
        self.check_media_type()?;
        let (body, packed) = json::parse_large(&self.body, &names).map_err(no_json)?;
        check_size(self.body.len() - packed, limits::BODY_BYTES)?;
        Ok(body)
    }

    fn check_media_type(&self) -> Result<(), Error> {
        let content_type = self.header("content-type");
        content_type.map_or(Ok(()), check_content_type)
    }

    /// Parses the body of a bulk request as JSON.
    ///
    /// # Errors
    /// 413 that names the limit (RFC 7644 section 3.7.4), 415 or 400.
    pub fn bulk_json(&self) -> Result<Value, Error> {
        let limit = limits::BULK_BYTES;
        if self.body.len() <= limit {
            return self.json();
        }
        let detail =
            format!("The size of the bulk operation exceeds the maxPayloadSize ({limit}).");
        Err(Error::new(ErrorKind::PayloadTooLarge, detail))
    }

    /// Returns the media type to answer with (RFC 7644 section 3.8); the service's own if the
    /// client accepts both.
    ///
    /// # Errors
    /// 406 if the client accepts neither.
    pub fn accepted(&self) -> Result<&'static str, Error> {
        accepted(&self.headers)
    }

    /// Checks the query's encoding.
    ///
    /// # Errors
    /// 400 if it is not valid percent-encoded UTF-8.
    pub fn check_query(&self) -> Result<(), Error> {
        match percent_decode_str(&self.query).decode_utf8() {
            Ok(_) => Ok(()),
            Err(_) => Err(invalid("the query is no UTF-8")),
        }
    }

    /// Returns the versions that the request depends on.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        let condition = |name| list(&self.headers, name).as_deref().map(Condition::parse);
        Conditions { if_match: condition("if-match"), if_none_match: condition("if-none-match") }
    }

    /// Returns the options for a response with one resource.
    ///
    /// # Errors
    /// If a parameter is invalid.
    pub fn options(&self) -> Result<Options, Error> {
        Ok(Options { projection: self.projection()?, conditions: self.conditions() })
    }

    /// Returns the query for several resources (RFC 7644 table 6, RFC 9865 table 1).
    ///
    /// # Errors
    /// If a parameter is invalid.
    pub fn search(&self, bounds: Bounds) -> Result<Search, Error> {
        let sort_by = self.parameter("sortBy")?.map(|text| sort_path(&text)).transpose()?;
        let cursor = self.given("cursor")?;
        let wrong_count = match &cursor {
            Some(_) => ErrorKind::InvalidCount,
            None => ErrorKind::InvalidValue,
        };
        let start_index = self.integer("startIndex", ErrorKind::InvalidValue)?;
        let count = self.integer("count", wrong_count)?;
        Ok(Search {
            filter: self.parameter("filter")?,
            sort_by,
            descending: descends(self.parameter("sortOrder")?.as_deref())?,
            paging: Paging::new(cursor, start_index, count, bounds)?,
            projection: self.projection()?,
        })
    }

    /// Returns the value of a query parameter; `None` if it is absent or empty.
    ///
    /// # Errors
    /// If it is given twice.
    pub fn parameter(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.given(name)?.filter(|value| !value.is_empty()))
    }

    /// Returns the value of a query parameter, which may be empty. `+` stands for a space, as in
    /// forms, unless the query also contains `%20`: then the client encodes as RFC 3986 says, and
    /// `+` stands for itself.
    fn given(&self, name: &str) -> Result<Option<String>, Error> {
        let query = match self.query.contains("%20") {
            true => Cow::Owned(self.query.replace('+', "%2B")),
            false => Cow::Borrowed(&self.query),
        };
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let first = values.next();
        if values.next().is_some() {
            return Err(Error::twice(ErrorKind::InvalidValue, name));
        }
        Ok(first)
    }

    /// Returns which attributes the response is to contain (RFC 7644 section 3.9).
    ///
    /// # Errors
    /// If a parameter is given twice or names too many attributes.
    pub fn projection(&self) -> Result<Projection, Error> {
        let list = |name| -> Result<Option<Vec<String>>, Error> {
            let Some(list) = self.parameter(name)? else {
                return Ok(None);
            };
            let names: Vec<String> = list.split(',').map(str::to_owned).collect();
            check_names(name, names.len())?;
            Ok(Some(names))
        };
        let excluded = list("excludedAttributes")?.unwrap_or_default();
        Ok(Projection::new(list("attributes")?, excluded))
    }

    fn integer(&self, name: &str, wrong: ErrorKind) -> Result<Option<i64>, Error> {
        let Some(text) = self.parameter(name)? else {
            return Ok(None);
        };
        match text.parse::<i64>() {
            Ok(value) => Ok(Some(value)),
            Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(Some(i64::MAX)),
            Err(error) if *error.kind() == IntErrorKind::NegOverflow => Ok(Some(i64::MIN)),
            Err(_) => Err(Error::must_be(wrong, name, "an integer")),
        }
    }
}

fn check_size(bytes: usize, limit: usize) -> Result<(), Error> {
    if bytes <= limit {
        return Ok(());
    }
    let detail = format!("a request may have at most {limit} bytes");
    Err(Error::new(ErrorKind::PayloadTooLarge, detail))
}

fn no_json(error: json::JsonError) -> Error {
    let detail = format!("the body is no JSON: {error}");
    Error::new(ErrorKind::InvalidSyntax, detail)
}

/// Returns the value of a header; the first if it occurs several times.
#[must_use]
pub fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Returns the values of a list header, which may be on several lines (RFC 9110 section 5.3).
fn list(headers: &[(String, String)], name: &str) -> Option<String> {
    let lines = headers.iter();
    let lines = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let values: Vec<&str> = lines.map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Returns the media type to answer with, the service's own if the client accepts both; 406 if it
/// accepts neither.
pub(super) fn accepted(headers: &[(String, String)]) -> Result<&'static str, Error> {
    let [own, ..] = MEDIA_TYPES;
    let Some(accept) = list(headers, "accept").filter(|list| !list.trim().is_empty()) else {
        return Ok(own);
    };
    let mut types = MEDIA_TYPES.into_iter();
    types.find(|media_type| accepts(&accept, media_type)).ok_or_else(|| {
        let detail = format!("the service answers with {} alone", MEDIA_TYPES.join(" or "));
        Error::new(ErrorKind::NotAcceptable, detail)
    })
}

/// Returns the Authorization header; 400 if there are several, since hosts and proxies may each use
/// another one.
pub(super) fn authorization(headers: &[(String, String)]) -> Result<Option<&str>, Error> {
    let name = "authorization";
    let given = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match given.count() {
        0 | 1 => Ok(header(headers, name)),
        _ => Err(Error::twice(ErrorKind::InvalidSyntax, "Authorization")),
    }
}

/// Checks that a projection does not name too many attributes.
pub(super) fn check_names(parameter: &str, names: usize) -> Result<(), Error> {
    if names <= limits::ATTRIBUTE_NAMES {
        return Ok(());
    }
    let most = limits::ATTRIBUTE_NAMES;
    Err(invalid(&format!("`{parameter}` has more than {most} names")))
}

/// Returns whether an Accept header includes a media type: the most specific matching range decides
/// (RFC 9110 section 12.5.1).
fn accepts(accept: &str, media_type: &str) -> bool {
    let given = |range: &str| {
        let mut ranges = accept.split(',');
        ranges.find(|given| essence(given).eq_ignore_ascii_case(range))
    };
    let mut fitting = [media_type, "application/*", "*/*"].into_iter();
    fitting
        .find_map(given)
        .is_some_and(|range| parameter(range, "q").is_none_or(|q| q.parse() != Ok(0.0)))
}

/// Returns the value of a media type's parameter.
fn parameter<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// Checks that the content is JSON in UTF-8, under either media type.
fn check_content_type(value: &str) -> Result<(), Error> {
    let charset = parameter(value, "charset");
    let known = MEDIA_TYPES.iter().any(|known| essence(value).eq_ignore_ascii_case(known));
    if known && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        return Ok(());
    }
    let detail = "the body must be application/scim+json or application/json, in UTF-8";
    Err(Error::new(ErrorKind::UnsupportedMediaType, detail))
}

/// Returns a media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or(value).trim()
}

/// Parses `sortOrder`; returns whether it is descending.
pub(super) fn descends(order: Option<&str>) -> Result<bool, Error> {
    match order {
        None | Some("ascending") => Ok(false),
        Some("descending") => Ok(true),
        Some(_) => Err(invalid("`sortOrder` must be `ascending` or `descending`")),
    }
}

/// Parses the path in `sortBy`.
pub(super) fn sort_path(text: &str) -> Result<AttrPath, Error> {
    text.parse().map_err(|_| invalid(&format!("`sortBy`: `{text}` is no attribute path")))
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, detail)
}
