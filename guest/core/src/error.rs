//! Core's error type and its representation for clients (RFC 7644 section 3.12).

use serde_json::{Value, json};

use crate::{store, urn};

/// The kind of an error, in the RFCs' terms; it determines status and `scimType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The filter is malformed or not supported (RFC 7644 table 9).
    InvalidFilter,
    /// The query would return or read more than the service allows.
    TooMany,
    /// The value of a unique attribute is in use already.
    Uniqueness,
    /// The change contradicts the attribute's mutability.
    Mutability,
    /// The body does not have the structure that the request requires.
    InvalidSyntax,
    /// A PATCH path is malformed or names no attribute of the schema.
    InvalidPath,
    /// A PATCH path selects no value.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The cursor does not belong to this query (RFC 9865 table 3).
    InvalidCursor,
    /// The cursor is older than `cursorTimeout` (RFC 9865 table 3).
    ExpiredCursor,
    /// `count` is not between 0 and `maxPageSize`, or differs from the first page's (RFC 9865 table
    /// 3).
    InvalidCount,
    /// The URL names another version of the protocol (RFC 7644 table 9).
    InvalidVersion,
    /// The request has no credential, or not a valid one.
    Unauthorized,
    /// The credential is valid but does not permit this request.
    Forbidden,
    /// No such resource or endpoint.
    NotFound,
    /// The endpoint does not support this method.
    MethodNotAllowed,
    /// The service has no representation that the client accepts.
    NotAcceptable,
    /// The request depends on something that does not exist: in a bulk request, on the resource of
    /// an operation that failed (RFC 7644 section 3.7.1).
    Conflict,
    /// If-Match or If-None-Match does not match.
    PreconditionFailed,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The tenant does not offer the feature, such as bulk requests or `/Me`: 501 (RFC 7644 section
    /// 3.12).
    NotImplemented,
    /// Another request changed what this one has read; callers retry.
    Stale,
    /// The store is temporarily unavailable. Nothing was changed.
    Unavailable,
    /// The store failed during a commit; whether the change was made is unknown.
    Unknown,
    /// A fault of the plugin or the store.
    Internal,
}

impl ErrorKind {
    /// Returns the HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidFilter
            | Self::TooMany
            | Self::Mutability
            | Self::InvalidSyntax
            | Self::InvalidPath
            | Self::NoTarget
            | Self::InvalidValue
            | Self::InvalidCursor
            | Self::ExpiredCursor
            | Self::InvalidCount
            | Self::InvalidVersion => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::Uniqueness | Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Internal => 500,
            Self::NotImplemented => 501,
            Self::Stale | Self::Unavailable | Self::Unknown => 503,
        }
    }

    /// Returns the `scimType` (RFC 7644 table 9, RFC 9865 table 3); `None` if the kind has none.
    #[must_use]
    pub fn scim_type(self) -> Option<&'static str> {
        match self {
            Self::InvalidFilter => Some("invalidFilter"),
            Self::TooMany => Some("tooMany"),
            Self::Uniqueness => Some("uniqueness"),
            Self::Mutability => Some("mutability"),
            Self::InvalidSyntax => Some("invalidSyntax"),
            Self::InvalidPath => Some("invalidPath"),
            Self::NoTarget => Some("noTarget"),
            Self::InvalidValue => Some("invalidValue"),
            Self::InvalidCursor => Some("invalidCursor"),
            Self::ExpiredCursor => Some("expiredCursor"),
            Self::InvalidCount => Some("invalidCount"),
            Self::InvalidVersion => Some("invalidVers"),
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::NotAcceptable
            | Self::Conflict
            | Self::PreconditionFailed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::NotImplemented
            | Self::Stale
            | Self::Unavailable
            | Self::Unknown
            | Self::Internal => None,
        }
    }
}

/// An error as it is reported to the client and the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// The kind, which determines status and `scimType`.
    pub kind: ErrorKind,
    /// A sentence for the client.
    pub detail: String,
    /// The cause, for the journal only.
    pub cause: Option<String>,
}

impl Error {
    /// An error of this kind with a sentence for the client.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), cause: None }
    }

    /// Adds a cause that only the operator may see.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns the error as a SCIM message (RFC 7644 section 3.12).
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({
            "schemas": [urn::ERROR],
            "status": self.kind.status().to_string(),
            "detail": self.detail,
        });
        if let (Some(document), Some(scim_type)) = (document.as_object_mut(), self.kind.scim_type())
        {
            document.insert("scimType".into(), scim_type.into());
        }
        document
    }

    /// The request body is not a JSON object.
    #[must_use]
    pub fn not_an_object() -> Self {
        Self::new(ErrorKind::InvalidSyntax, "the body must be an object")
    }

    /// `schemas` of a message or resource does not contain this URN.
    #[must_use]
    pub fn lacks_schema(urn: &str) -> Self {
        let detail = format!("`schemas` must hold `{urn}`");
        Self::new(ErrorKind::InvalidSyntax, detail)
    }

    /// A member, parameter or header that may occur only once was given twice.
    #[must_use]
    pub fn twice(kind: ErrorKind, name: &str) -> Self {
        Self::new(kind, given_twice(name))
    }

    /// A member or parameter does not have the expected type, such as `a string`.
    #[must_use]
    pub fn must_be(kind: ErrorKind, name: &str, expected: &str) -> Self {
        Self::new(kind, format!("`{name}` must be {expected}"))
    }

    /// The request names an attribute that none of its resource types has.
    #[must_use]
    pub fn no_attribute(kind: ErrorKind, name: &str) -> Self {
        Self::new(kind, format!("`{name}` is no attribute here"))
    }

    /// Two parameters that exclude each other were both given.
    #[must_use]
    pub fn exclusive(one: &str, other: &str) -> Self {
        let detail = format!("`{one}` and `{other}` exclude each other");
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// An operation of a PATCH or bulk request lacks this member.
    #[must_use]
    pub fn operation_lacks(name: &str) -> Self {
        let detail = format!("the operation needs a `{name}`");
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// No object of a kind, such as `User`, has this id or name.
    #[must_use]
    pub fn no_such(what: &str, name: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no {what} `{name}`"))
    }

    /// The URL is not an endpoint of the service.
    #[must_use]
    pub fn no_endpoint() -> Self {
        Self::new(ErrorKind::NotFound, "there is no such endpoint")
    }

    /// Concurrent changes made every attempt at this request stale.
    #[must_use]
    pub fn contended() -> Self {
        let detail = "the resource is being changed by others; try again";
        Self::new(ErrorKind::Stale, detail)
    }

    /// A stored entry cannot be decoded.
    pub fn broken(key: &store::Key, error: &dyn std::fmt::Display) -> Self {
        Self::internal(broken_body(key, error))
    }

    /// A fault of the plugin or the store; clients see no cause.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "the service failed").because(cause)
    }
}

/// Returns the sentence about a name that occurs more than once.
pub(crate) fn given_twice(name: &str) -> String {
    format!("`{name}` is given twice")
}

/// Returns the sentence about an entry that cannot be decoded.
pub(crate) fn broken_body(key: &store::Key, error: &dyn std::fmt::Display) -> String {
    format!("{key} has a broken body: {error}")
}

/// Maps a store's refusal, for use cases that have no more specific error.
impl From<store::Refusal> for Error {
    fn from(refusal: store::Refusal) -> Self {
        use store::Refusal as R;
        match refusal {
            R::Taken(path) => {
                Self::new(ErrorKind::Uniqueness, format!("the value of `{path}` is in use"))
            }
            R::Stale(key) | R::Missing(key) => {
                Self::contended().because(format!("{key} was changed meanwhile"))
            }
            R::OverCeiling(counter) => {
                Self::new(ErrorKind::Forbidden, format!("`{counter}` is used up"))
            }
            R::TooMany(what) => Self::new(ErrorKind::TooMany, format!("too many {what}")),
            R::Invalid(what) => Self::internal(format!("the store refused a call: {what}")),
            R::Unavailable(what) => {
                Self::new(ErrorKind::Unavailable, "the service is not available; try again later")
                    .because(what)
            }
            R::NotDone(what) => Self::new(
                ErrorKind::Unavailable,
                "the service is not available and nothing was changed; try again later",
            )
            .because(what),
            R::Unknown(what) => Self::new(
                ErrorKind::Unknown,
                "it is not known whether the change was made; look before you send it again",
            )
            .because(format!("whether the commit happened is unknown: {what}")),
            R::Damaged(what) => Self::internal(what),
            R::Declined { forbidden: true, sentence } => Self::new(ErrorKind::Forbidden, sentence),
            R::Declined { forbidden: false, sentence } => {
                Self::new(ErrorKind::InvalidValue, sentence)
            }
        }
    }
}
