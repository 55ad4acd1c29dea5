//! The one error of core, and how RFC 7644 section 3.12 shows it to a client.

use serde_json::{Value, json};

use crate::{store, urn};

/// What went wrong, in the RFC's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// RFC 7644 table 9, as those that follow up to `InvalidValue`.
    InvalidFilter,
    /// The query would return or read more than the service is willing to.
    TooMany,
    /// An attribute value is in use.
    Uniqueness,
    /// The change is against the attribute's mutability.
    Mutability,
    /// The body is not what the request demands.
    InvalidSyntax,
    /// A PATCH path is malformed or names nothing in the schema.
    InvalidPath,
    /// A PATCH path selects nothing.
    NoTarget,
    /// A value is missing or not compatible with its attribute.
    InvalidValue,
    /// RFC 9865 table 3, as the two that follow: the cursor is none of this query.
    InvalidCursor,
    /// The client waited longer than `cursorTimeout`.
    ExpiredCursor,
    /// Not between 0 and `maxPageSize`, or not that of the first page.
    InvalidCount,
    /// RFC 7644 table 9 again: the URL names another version of the protocol.
    InvalidVersion,
    /// No credential, or not a good one.
    Unauthorized,
    /// A good credential, but not for this.
    Forbidden,
    /// No such resource or endpoint.
    NotFound,
    /// The endpoint does not know this method.
    MethodNotAllowed,
    /// No representation that the client accepts.
    NotAcceptable,
    /// What the request builds on is not there: in a bulk request what an operation that failed was to create (RFC 7644 section
    /// 3.7.1).
    Conflict,
    /// If-Match or If-None-Match does not hold.
    PreconditionFailed,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The feature is not there.
    NotImplemented,
    /// Somebody else changed what this request has read; handled by trying again.
    Stale,
    /// The store is not there at the moment. Nothing was changed.
    Unavailable,
    /// The store failed while it committed: whether the change was made is unknown.
    Unknown,
    /// A fault of the plugin or of the store.
    Internal,
}

impl ErrorKind {
    /// The HTTP status.
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

    /// The `scimType` of RFC 7644 table 9 or RFC 9865 table 3, where it has one.
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

/// An error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// For the client.
    pub detail: String,
    /// For the journal alone.
    pub cause: Option<String>,
}

impl Error {
    /// An error with its sentence for the client.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), cause: None }
    }

    /// The same error with what only the operator may know.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What the client gets to read (RFC 7644 section 3.12).
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

    /// The body of a request is no JSON object.
    #[must_use]
    pub fn not_an_object() -> Self {
        Self::new(ErrorKind::InvalidSyntax, "the body must be an object")
    }

    /// The `schemas` of a message or a resource lack its URN.
    #[must_use]
    pub fn lacks_schema(urn: &str) -> Self {
        let detail = format!("`schemas` must hold `{urn}`");
        Self::new(ErrorKind::InvalidSyntax, detail)
    }

    /// A member, parameter or header of which there may be one.
    #[must_use]
    pub fn twice(kind: ErrorKind, name: &str) -> Self {
        Self::new(kind, given_twice(name))
    }

    /// A member or parameter that is not of its type, such as `a string`.
    #[must_use]
    pub fn must_be(kind: ErrorKind, name: &str, expected: &str) -> Self {
        Self::new(kind, format!("`{name}` must be {expected}"))
    }

    /// An attribute that is asked for and that no type of the request has.
    #[must_use]
    pub fn no_attribute(kind: ErrorKind, name: &str) -> Self {
        Self::new(kind, format!("`{name}` is no attribute here"))
    }

    /// Two parameters of which there may be one.
    #[must_use]
    pub fn exclusive(one: &str, other: &str) -> Self {
        let detail = format!("`{one}` and `{other}` exclude each other");
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// An operation, of a PATCH or of a bulk request, without this member.
    #[must_use]
    pub fn operation_lacks(name: &str) -> Self {
        let detail = format!("the operation needs a `{name}`");
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// Nothing of a kind, such as `User`, has this id or name.
    #[must_use]
    pub fn no_such(what: &str, name: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no {what} `{name}`"))
    }

    /// A URL that is none of the service's.
    #[must_use]
    pub fn no_endpoint() -> Self {
        Self::new(ErrorKind::NotFound, "there is no such endpoint")
    }

    /// What the request builds on was changed again and again while it was tried.
    #[must_use]
    pub fn contended() -> Self {
        let detail = "the resource is being changed by others; try again";
        Self::new(ErrorKind::Stale, detail)
    }

    /// An entry of the store that cannot be read.
    pub fn broken(key: &store::Key, error: &dyn std::fmt::Display) -> Self {
        Self::internal(broken_body(key, error))
    }

    /// A fault of the plugin or the store, which the client need not understand.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "the service failed").because(cause)
    }
}

/// What is said of a name that is there more than once.
pub(crate) fn given_twice(name: &str) -> String {
    format!("`{name}` is given twice")
}

/// What is said of an entry that cannot be read.
pub(crate) fn broken_body(key: &store::Key, error: &dyn std::fmt::Display) -> String {
    format!("{key} has a broken body: {error}")
}

/// A refusal that the use case at hand has no better words for.
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
        }
    }
}
