//! Users whom the product has and no client has provisioned yet.

use serde_json::{Value, json};

use super::super::{Options, create};
use super::{Problem, as_product, user_rules};
use crate::error::ErrorKind;
use crate::json;
use crate::port::Ports;

/// Users of one call.
const AT_ONCE: usize = 500;

/// What became of one user of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The new id.
    Made(String),
    /// Why nothing was made.
    Skipped(String),
}

/// Enters users, one document each, in their order. One that is wrong, or is there already, is skipped.
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
            // The product's own export need not say what it is of.
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
