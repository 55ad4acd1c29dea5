//! DELETE: RFC 7644 section 3.6. The store removes all links from and to the resource with it.

use super::lifecycle::{self, UserLifecycle};
use super::session::{Session, not_found};
use super::write::event;
use super::{Options, fork, removed};
use crate::error::Error;
use crate::profile::{LifecycleStep, Removal};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::store::{Key, Refusal, Write};

/// Deletes a resource. If the profile says so, the product keeps the records of users.
///
/// # Errors
/// 404 if there is none; 412 if a condition does not hold.
pub fn delete(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<(), Error> {
    let key = Key::new(resource_type.name(), id);
    let conditions = &options.conditions;
    let policy = &session.admission.policy;
    let has_rules = policy.users(resource_type).is_some() || policy.groups(resource_type).is_some();
    if !conditions.are_given() && !has_rules {
        return remove(session, resource_type, &key, None, Vec::new());
    }
    let before = session.load(resource_type, id)?;
    conditions.allow_changing(before.version)?;
    if let Some(users) = policy.users(resource_type)
        && users.removal == Removal::Deactivate
    {
        return removed::keep(session, resource_type, users, before);
    }
    let brought = brought(session, resource_type, &before)?;
    remove(session, resource_type, &key, Some(before.version), brought)
}

/// Returns the further writes for the removal of a user, or of a group that grants roles or seats.
fn brought(
    session: &Session<'_>,
    resource_type: &ResourceType,
    before: &Resource,
) -> Result<Vec<Write>, Error> {
    if let Some(life) = UserLifecycle::of(session, resource_type) {
        let mut writes = life.gone(before, LifecycleStep::Remove);
        if let Some(forking) = fork::Forking::of(session, resource_type) {
            writes.extend(forking.abandoned(before)?);
        }
        return Ok(writes);
    }
    lifecycle::dissolved(session, resource_type, &before.key)
}

fn remove(
    session: &Session<'_>,
    resource_type: &ResourceType,
    key: &Key,
    version: Option<u64>,
    brought: Vec<Write>,
) -> Result<(), Error> {
    let mut writes = vec![Write::remove(key.clone(), version), event::delete(key)];
    writes.extend(brought);
    match session.commit(session.ports.clock.now(), writes) {
        Ok(_) => Ok(()),
        Err(Refusal::Missing(missing)) if missing == *key => Err(not_found(resource_type, &key.id)),
        Err(refusal) => Err(refusal.into()),
    }
}
