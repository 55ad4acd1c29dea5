//! A request as it was received, and what its headers and query say.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::etag::Condition;
use crate::filter::AttrPath;
use crate::page::{Bounds, Paging};
use crate::projection::Projection;
use crate::service::query::Search;
use crate::service::{Conditions, Options};
use crate::{json, limits};

/// An HTTP request (wit/http.wit).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// As received.
    pub method: String,
    /// Below the base URL, still percent-encoded.
    pub path: String,
    /// Without `?`, still percent-encoded.
    pub query: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// As received.
    pub body: String,
}

impl Request {
    /// The value of a header; of several the first.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The one Authorization header.
    pub fn authorization(&self) -> Result<Option<&str>, Error> {
        authorization(&self.headers)
    }

    /// The body as JSON: 413 if it is too large, 415 if it claims to be something else, 400 if it is none.
    pub fn json(&self) -> Result<Value, Error> {
        if self.body.len() > limits::BODY_BYTES {
            let detail = format!("a request may have at most {} bytes", limits::BODY_BYTES);
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
        }
        if let Some(content_type) = self.header("content-type") {
            check_content_type(content_type)?;
        }
        json::parse(&self.body).map_err(|error| {
            Error::new(
                ErrorKind::InvalidSyntax,
                format!("the body is no JSON: {error}"),
            )
        })
    }

    /// The body of a bulk request as JSON; one that is too large is 413 and told the limit (RFC 7644 section 3.7.4).
    pub fn bulk_json(&self) -> Result<Value, Error> {
        let limit = limits::BULK_BYTES;
        if self.body.len() <= limit {
            return self.json();
        }
        let detail =
            format!("The size of the bulk operation exceeds the maxPayloadSize ({limit}).");
        Err(Error::new(ErrorKind::PayloadTooLarge, detail))
    }

    /// Whether the client accepts what every answer is (RFC 7644 section 3.1).
    pub fn check_accept(&self) -> Result<(), Error> {
        let ours = [
            "application/scim+json",
            "application/json",
            "application/*",
            "*/*",
        ];
        let accepts = |range: &str| {
            ours.iter()
                .any(|ours| essence(range).eq_ignore_ascii_case(ours))
        };
        match self.header("accept") {
            Some(accept) if !accept.trim().is_empty() && !accept.split(',').any(accepts) => {
                let detail = "the service answers with application/scim+json alone";
                Err(Error::new(ErrorKind::NotAcceptable, detail))
            }
            _ => Ok(()),
        }
    }

    /// What the query and headers say about an answer with one resource.
    pub fn options(&self) -> Result<Options, Error> {
        let condition = |name| self.header(name).map(Condition::parse);
        let conditions = Conditions {
            if_match: condition("if-match"),
            if_none_match: condition("if-none-match"),
        };
        Ok(Options {
            projection: self.projection()?,
            conditions,
        })
    }

    /// What the query says about an answer with many (RFC 7644 table 6, RFC 9865 table 1).
    pub fn search(&self, bounds: Bounds) -> Result<Search, Error> {
        let sort_by = self
            .parameter("sortBy")?
            .map(|text| sort_path(&text))
            .transpose()?;
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

    /// The value of a query parameter; an empty one is none.
    pub fn parameter(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.given(name)?.filter(|value| !value.is_empty()))
    }

    /// The value of a query parameter, which may be empty.
    fn given(&self, name: &str) -> Result<Option<String>, Error> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        let mut values = pairs
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned());
        let first = values.next();
        if values.next().is_some() {
            return Err(invalid(&format!("`{name}` is given twice")));
        }
        Ok(first)
    }

    fn projection(&self) -> Result<Projection, Error> {
        let list = |name| -> Result<Option<Vec<AttrPath>>, Error> {
            Ok(self.parameter(name)?.map(|list| Projection::paths(&list)))
        };
        let excluded = list("excludedAttributes")?.unwrap_or_default();
        Ok(Projection {
            attributes: list("attributes")?,
            excluded,
        })
    }

    fn integer(&self, name: &str, wrong: ErrorKind) -> Result<Option<i64>, Error> {
        let Some(text) = self.parameter(name)? else {
            return Ok(None);
        };
        match text.parse::<i64>() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Error::new(wrong, format!("`{name}` must be an integer"))),
        }
    }
}

/// The value of a header; of several the first.
#[must_use]
pub fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// The one Authorization header: two are 400, since hosts and proxies may each believe another one.
pub(super) fn authorization(headers: &[(String, String)]) -> Result<Option<&str>, Error> {
    let name = "authorization";
    let given = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match given.count() {
        0 | 1 => Ok(header(headers, name)),
        _ => Err(Error::new(
            ErrorKind::InvalidSyntax,
            "`Authorization` is given twice",
        )),
    }
}

/// JSON in UTF-8, under either name.
fn check_content_type(value: &str) -> Result<(), Error> {
    let json = ["application/scim+json", "application/json"];
    let charset = value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    let known = json
        .iter()
        .any(|json| essence(value).eq_ignore_ascii_case(json));
    if known && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        return Ok(());
    }
    let detail = "the body must be application/scim+json or application/json, in UTF-8";
    Err(Error::new(ErrorKind::UnsupportedMediaType, detail))
}

/// A media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or(value).trim()
}

/// What `sortOrder` means.
pub(super) fn descends(order: Option<&str>) -> Result<bool, Error> {
    match order {
        None | Some("ascending") => Ok(false),
        Some("descending") => Ok(true),
        Some(_) => Err(invalid("`sortOrder` must be `ascending` or `descending`")),
    }
}

/// What `sortBy` names.
pub(super) fn sort_path(text: &str) -> Result<AttrPath, Error> {
    text.parse()
        .map_err(|_| invalid(&format!("`sortBy`: `{text}` is no attribute path")))
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, detail)
}
