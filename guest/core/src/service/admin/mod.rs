//! The operations of the embedding application on a tenant (wit/admin.wit). No SCIM client can use
//! them.

mod assignments;
mod credentials;
mod identity_providers;
mod import;
mod maintenance;
mod people;
mod product;
mod profiles;
#[cfg(feature = "application")]
mod records;
mod references;
mod webhooks;

pub use assignments::{Assignment, assign_group, assignments};
pub use credentials::{
    CredentialRequest, Issued, ListedCredential, credentials, issue_credential, revoke_credential,
    rotate_credential,
};
pub use identity_providers::{IdentityProvider, add_identity_provider, identity_providers};
pub use import::{Imported, import_users};
pub use maintenance::maintain;
pub use people::{
    assign_roles, deactivate_user, erase_user, link_user, reactivate_user, user, users,
};
pub use profiles::{configure, explain, profile, set};
#[cfg(feature = "application")]
pub use records::{
    create_group, create_user, delete_group, find_by_product_id, group, patch_group, patch_user,
    set_product_id,
};
pub use references::{Reference, add_reference, references};
pub use webhooks::webhooks;

use serde::Serialize;

use super::{RetryingSession, Session, find_all};
use crate::error::{Error, ErrorKind, broken_body};
use crate::json::{self, Decode};
use crate::port::{Caller, Origin, Ports};
use crate::profile::Users;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Draft, Entry, Key, Refusal, Write};

/// The actor in the events of these operations.
const ACTOR: &str = "admin";

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No object has this id.
    #[error("there is none of this id")]
    NotFound,
    /// A concurrent change made the operation stale.
    #[error("it was changed meanwhile; read it and try again")]
    Stale,
    /// An argument is invalid.
    #[error("{0}")]
    Invalid(String),
    /// The object's state or the profile does not allow the operation.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Taken(_) | Refusal::Stale(_) | Refusal::Missing(_) => Self::Stale,
            Refusal::Invalid(text) => Self::Invalid(text),
            Refusal::Declined { sentence, .. } => Self::Refused(sentence),
            other @ (Refusal::OverCeiling(_)
            | Refusal::TooMany(_)
            | Refusal::Unavailable(_)
            | Refusal::NotDone(_)
            | Refusal::Damaged(_)
            | Refusal::Unknown(_)) => Self::Unavailable(other.to_string()),
        }
    }
}

/// Converts the error of a use case that clients and the application share.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Stale | ErrorKind::PreconditionFailed => Self::Stale,
            ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Unknown => {
                Self::Unavailable(error.cause.unwrap_or(error.detail))
            }
            ErrorKind::Forbidden | ErrorKind::Uniqueness | ErrorKind::Conflict => {
                Self::Refused(error.detail)
            }
            _ => Self::Invalid(error.detail),
        }
    }
}

/// Decodes the body of one of the plugin's own entries.
fn parse<T: Decode>(entry: &Entry) -> Result<T, Problem> {
    json::from_str(&entry.body)
        .map_err(|error| Problem::Unavailable(broken_body(&entry.key, &error)))
}

/// Encodes the body of one of the plugin's own entries.
fn body(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::Unavailable(error.to_string()))
}

/// Returns the members of a document; none if it is not an object.
fn content(text: &str) -> Content {
    serde_json::from_str(text).unwrap_or_default()
}

/// Returns an insert, or a replacement of a known version.
fn put(key: Key, body: String, version: Option<u64>) -> Write {
    let draft = Draft { key, body, terms: Vec::new() };
    match version {
        None => Write::Insert(draft),
        Some(version) => Write::replace(draft, version),
    }
}

/// Returns the entries of these keys, in their order.
fn entries<const N: usize>(
    ports: &Ports<'_>,
    keys: [Key; N],
) -> Result<[Option<Entry>; N], Problem> {
    let found = ports.store.get(keys.into())?;
    found.try_into().map_err(|_| Problem::Unavailable("the store answered short".into()))
}

/// Returns all entries of a kind, in the order of creation.
fn all(ports: &Ports<'_>, kind: &str) -> Result<Vec<Entry>, Problem> {
    Ok(find_all::find_all(ports, kind, &[], usize::MAX)?)
}

fn commit(ports: &Ports<'_>, writes: Vec<Write>) -> Result<Vec<(Key, u64)>, Problem> {
    let outcome = ports.store.commit(ports.clock.now(), ACTOR, writes);
    let done = outcome.map_err(|rejection| rejection.of_commit().reason)?;
    Ok(done.versions)
}

/// Runs a function as the application, until it is not stale.
fn as_product<T>(
    ports: &Ports<'_>,
    run: impl FnMut(&Session<'_>) -> Result<T, Error>,
) -> Result<T, Problem> {
    let origin = Origin {
        tenant: String::new(),
        base_url: String::new(),
        client_address: None,
        caller: Caller::Product,
    };
    let mut visit = RetryingSession::begin(ports, &origin, None)?;
    Ok(visit.attempts(run)?)
}

/// The error if the profile does not have what was asked for.
fn has_none(what: &str) -> Error {
    Error::new(ErrorKind::Forbidden, format!("the profile has no {what}"))
}

/// Returns the resource type of users, and the rules for them.
fn user_rules<'a>(session: &Session<'a>) -> Result<(&'a ResourceType, &'a Users), Error> {
    let policy = &session.admission.policy;
    let users = policy.users.as_ref().ok_or_else(|| has_none("users"))?;
    let resource_type = policy.registry.named(&users.resource_type);
    Ok((resource_type.ok_or_else(|| has_none("users"))?, users))
}
