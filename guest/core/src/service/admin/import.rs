//! Import of users that the product has and no client has provisioned yet.

use serde_json::{Value, json};

use super::super::{Options, create};
use super::{Problem, as_product, user_rules};
use crate::error::ErrorKind;
use crate::json;
use crate::port::Ports;

/// The most users in one call.
const AT_ONCE: usize = 500;

/// The result of one user of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The user was created with this id.
    Made(String),
    /// The user was not created, for this reason.
    Skipped(String),
}

/// Imports users, one document each, in their order. Users that are invalid or exist already are
/// skipped.
///
/// # Errors
/// If there are too many users in one call, or the store fails.
pub fn import_users(ports: &Ports<'_>, users: &[String]) -> Result<Vec<Imported>, Problem> {
    if users.len() > AT_ONCE {
        return Err(Problem::Invalid(format!("at most {AT_ONCE} users in one call")));
    }
    users.iter().map(|user| import(ports, user)).collect()
}

fn import(ports: &Ports<'_>, user: &str) -> Result<Imported, Problem> {
    let body = match json::parse(user) {
        Ok(body) => body,
        Err(error) => return Ok(Imported::Skipped(format!("it is no JSON: {error}"))),
    };
    as_product(ports, |session| {
        let (resource_type, _) = user_rules(session)?;
        let mut body = body.clone();
        if let Value::Object(user) = &mut body {
            // The product's own export need not contain `schemas`.
            let core = || json!([resource_type.core().id]);
            user.entry("schemas").or_insert_with(core);
        }
        match create::create(session, resource_type, body, &Options::default()) {
            Ok(made) => Ok(Imported::Made(made.id)),
            Err(error) => match error.kind {
                ErrorKind::Stale
                | ErrorKind::Unavailable
                | ErrorKind::Unknown
                | ErrorKind::Internal => Err(error),
                _ => Ok(Imported::Skipped(error.detail)),
            },
        }
    })
}
