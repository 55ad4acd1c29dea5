//! References from the product's objects to users by e-mail address, separate from membership.

use super::super::lifecycle;
use super::super::references::{self, StoredReference};
use super::{Problem, as_product, user_rules};
use crate::port::Ports;
use crate::store::Refusal;

/// A reference to a user from an object of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The user's e-mail address.
    pub email: String,
    /// The kind of the object.
    pub kind: String,
    /// The id of the object.
    pub id: String,
    /// The id of the active user who currently has the address; `None` if there is none.
    pub user: Option<String>,
}

/// Adds a reference from an object to a user; adding it again has no effect.
///
/// # Errors
/// If an argument is invalid, or the store fails.
pub fn add_reference(ports: &Ports<'_>, email: &str, kind: &str, id: &str) -> Result<(), Problem> {
    for (name, value) in [("email", email), ("kind", kind), ("id", id)] {
        if value.is_empty() || value.len() > 512 {
            return Err(Problem::Invalid(format!("`{name}` must have 1 to 512 bytes")));
        }
    }
    as_product(ports, |session| {
        let kept = references::keep(&StoredReference {
            email: email.to_owned(),
            kind: kind.to_owned(),
            id: id.to_owned(),
        })?;
        match session.commit(session.ports.clock.now(), vec![kept]) {
            Ok(_) | Err(Refusal::Taken(_)) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    })
}

/// Returns the references to an address.
///
/// # Errors
/// If the store fails.
pub fn references(ports: &Ports<'_>, email: &str) -> Result<Vec<Reference>, Problem> {
    as_product(ports, |session| {
        let (resource_type, users) = user_rules(session)?;
        let holder = lifecycle::having(
            session,
            resource_type,
            resource_type.name(),
            &users.user_name.attribute,
            &email.into(),
        )?;
        let user = holder
            .into_iter()
            .next()
            .filter(|holder| users.is_active(&holder.content))
            .map(|holder| holder.key.id);
        let kept = references::of(session, email)?.into_iter();
        let listed = kept.map(|kept| Reference {
            email: kept.email,
            kind: kept.kind,
            id: kept.id,
            user: user.clone(),
        });
        Ok(listed.collect())
    })
}
