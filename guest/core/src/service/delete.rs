//! DELETE: RFC 7644 section 3.6. The store takes the links at both ends away with the resource.

use super::event;
use super::life::{self, Life};
use super::session::{Session, not_found};
use super::{Options, fork, removed};
use crate::error::Error;
use crate::profile::{Removal, Step};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::store::{Key, Refusal, Write};

/// Deletes a resource, or fails with `NotFound`. Where the profile says so, the product keeps
/// people's records.
pub fn delete(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<(), Error> {
    let key = Key::new(of.name(), id);
    let conditions = &options.conditions;
    let policy = &session.admission.policy;
    let has_rules = policy.users(of).is_some() || policy.groups(of).is_some();
    if !conditions.are_given() && !has_rules {
        return remove(session, of, &key, None, Vec::new());
    }
    let before = session.load(of, id)?;
    conditions.allow_changing(before.version)?;
    if let Some(users) = policy.users(of)
        && users.removal == Removal::Deactivate
    {
        return removed::keep(session, of, users, before);
    }
    let brought = brought(session, of, &before)?;
    remove(session, of, &key, Some(before.version), brought)
}

/// What goes with the removal of a person, or of a group that gives something.
fn brought(
    session: &Session<'_>,
    of: &ResourceType,
    before: &Resource,
) -> Result<Vec<Write>, Error> {
    if let Some(life) = Life::of(session, of) {
        let mut writes = life.gone(before, Step::Remove);
        if let Some(forking) = fork::Forking::of(session, of) {
            writes.extend(forking.abandoned(before)?);
        }
        return Ok(writes);
    }
    life::dissolved(session, of, &before.key)
}

fn remove(
    session: &Session<'_>,
    of: &ResourceType,
    key: &Key,
    version: Option<u64>,
    brought: Vec<Write>,
) -> Result<(), Error> {
    let mut writes = vec![Write::Remove(key.clone(), version), event::delete(key)];
    writes.extend(brought);
    match session.commit(session.ports.clock.now(), writes) {
        Ok(_) => Ok(()),
        Err(Refusal::Missing(missing)) if missing == *key => Err(not_found(of, &key.id)),
        Err(refusal) => Err(refusal.into()),
    }
}
