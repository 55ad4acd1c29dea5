//! The mapping of URLs to endpoints, and their methods: RFC 7644 section 3.2.

use percent_encoding::percent_decode_str;

use crate::error::{Error, ErrorKind};
use crate::registry::Registry;
use crate::resource_type::ResourceType;

/// The endpoint that a path names.
#[derive(Clone, Debug)]
pub enum Route<'r> {
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/ResourceTypes` and `/ResourceTypes/NAME`
    ResourceTypes(Option<String>),
    /// `/Schemas` and `/Schemas/URI`
    Schemas(Option<String>),
    /// `/Users`
    Type(&'r ResourceType),
    /// `/Users/ID`
    Resource(&'r ResourceType, String),
    /// `/Me`
    Me,
    /// The base URL itself: all resource types
    Root,
    /// `/.search` and `/Users/.search`
    Search(Option<&'r ResourceType>),
    /// `/Bulk`
    Bulk,
}

impl<'r> Route<'r> {
    /// Parses a path; its segments are decoded after splitting. Empty segments are ignored.
    ///
    /// # Errors
    /// 404 if the path names no endpoint; `invalidVers` for another version of the protocol.
    pub fn of(path: &str, registry: &'r Registry) -> Result<Self, Error> {
        let segments: Option<Vec<String>> =
            path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
        let unknown = Error::no_endpoint;
        let mut segments = segments.ok_or_else(unknown)?.into_iter();
        let (first, second, third) = (segments.next(), segments.next(), segments.next());
        let Some(first) = first else {
            return Ok(Self::Root);
        };
        let resource_type = registry.at_endpoint(&first);
        if let (None, Some(version)) = (resource_type, another_version(&first)) {
            return Err(version);
        }
        if third.is_some() {
            return Err(unknown());
        }
        match (first.as_str(), second) {
            ("ServiceProviderConfig", None) => Ok(Self::ServiceProviderConfig),
            ("ResourceTypes", name) => Ok(Self::ResourceTypes(name)),
            ("Schemas", uri) => Ok(Self::Schemas(uri)),
            ("Me", None) => Ok(Self::Me),
            ("Bulk", None) => Ok(Self::Bulk),
            (".search", None) => Ok(Self::Search(None)),
            (_, second) => {
                let resource_type = resource_type.ok_or_else(unknown)?;
                Ok(match second {
                    None => Self::Type(resource_type),
                    Some(id) if id == ".search" => Self::Search(Some(resource_type)),
                    Some(id) => Self::Resource(resource_type, id),
                })
            }
        }
    }

    /// Returns whether this is a discovery endpoint (RFC 7644 section 4).
    #[must_use]
    pub fn is_discovery(&self) -> bool {
        matches!(self, Self::ServiceProviderConfig | Self::ResourceTypes(_) | Self::Schemas(_))
    }

    /// Returns the path of the endpoint, without ids or names that follow it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::ServiceProviderConfig => "/ServiceProviderConfig".into(),
            Self::ResourceTypes(_) => "/ResourceTypes".into(),
            Self::Schemas(_) => "/Schemas".into(),
            Self::Type(resource_type) | Self::Resource(resource_type, _) => {
                resource_type.definition.endpoint.clone()
            }
            Self::Me => "/Me".into(),
            Self::Root => "/".into(),
            Self::Search(None) => "/.search".into(),
            Self::Search(Some(resource_type)) => {
                format!("{}/.search", resource_type.definition.endpoint)
            }
            Self::Bulk => "/Bulk".into(),
        }
    }

    /// Returns the methods for the Allow header (RFC 7644 table 2); HEAD and OPTIONS are implied.
    #[must_use]
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::ServiceProviderConfig
            | Self::ResourceTypes(_)
            | Self::Schemas(_)
            | Self::Root => &["GET", "HEAD", "OPTIONS"],
            Self::Search(_) => &["OPTIONS", "POST"],
            Self::Type(_) => &["GET", "HEAD", "OPTIONS", "POST"],
            Self::Resource(..) | Self::Me => &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"],
            Self::Bulk => &["OPTIONS", "POST"],
        }
    }
}

/// The error for a segment that names another version of the protocol (RFC 7644 section 3.13).
fn another_version(segment: &str) -> Option<Error> {
    let number = segment.strip_prefix('v')?;
    let is_version = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let detail = format!("SCIM is spoken here in version 2, not {number}");
    (is_version && number != "2").then(|| Error::new(ErrorKind::InvalidVersion, detail))
}

/// Percent-decodes a segment; `None` if it is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
