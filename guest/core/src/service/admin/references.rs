//! What the product's objects refer to by an e-mail address, apart from membership.

use super::super::lifecycle;
use super::super::references::{self, StoredReference};
use super::{Problem, as_product, user_rules};
use crate::port::Ports;
use crate::store::Refusal;

/// An object of the product that names somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The address.
    pub email: String,
    /// What kind of object.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// The user who has the address now and is active.
    pub user: Option<String>,
}

/// Notes that an object names somebody. Twice is no problem.
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

/// What refers to this address.
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
