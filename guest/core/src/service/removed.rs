//! Users that a client deleted and the product keeps: `removal: deactivate`. RFC 7644 section 3.6:
//! the service "MAY choose not to permanently delete the resource but MUST return a 404 for all
//! operations", and must not consider the resource in conflicts. So the record moves to a kind of
//! its own, which no client can name; its unique terms, its links and its seat are released.

use super::session::{Session, not_found};
use super::write::creation::{self, Creation, NewEntry};
use super::write::event::{self, ChangeKind as Asked};
use super::write::update::{Prepared, Update};
use super::{Options, fork, product_id};
use crate::error::Error;
use crate::ordered::OrderedSet;
use crate::profile::Users;
use crate::relation::Changes;
use crate::resource::{Resource, State};
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Entry, Key, Refusal, Write};

/// Returns the kind of the entries of this type's users that clients deleted.
pub(super) fn kind(resource_type: &ResourceType) -> String {
    format!("{}{}", event::REMOVED, resource_type.name())
}

/// Returns whether this is the key of a user that a client deleted.
pub(super) fn is_removed(resource_type: &ResourceType, key: &Key) -> bool {
    key.kind != resource_type.name()
}

/// Removes a user for clients, and keeps the record, inactive.
pub(super) fn keep(
    session: &Session<'_>,
    resource_type: &ResourceType,
    users: &Users,
    before: Resource,
) -> Result<(), Error> {
    let (key, version) = (before.key.clone(), before.version);
    let mut content = before.content.clone();
    content.insert(users.active.as_str().to_owned(), false.into());
    let forking = fork::Forking::of(session, resource_type);
    let abandoned = forking.map(|forking| forking.abandoned(&before));
    let update = Update::new(resource_type, before, content, Changes::default(), Asked::Patch);
    let Prepared { mut resource, mut writes } = update.prepare(session, &Options::default())?;
    writes.extend(abandoned.transpose()?.into_iter().flatten());
    writes.push(Write::remove(key.clone(), Some(version)));
    resource.key = Key::new(kind(resource_type), key.id.clone());
    let draft = resource.draft(resource_type)?;
    writes.push(Write::Insert(draft));
    writes.push(event::delete(&key));
    match session.commit(session.ports.clock.now(), writes) {
        Ok(_) => Ok(()),
        Err(Refusal::Missing(missing)) if missing == key => Err(not_found(resource_type, &key.id)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Restores a user that a client deleted, under its former id.
pub(super) fn bring_back(
    session: &Session<'_>,
    resource_type: &ResourceType,
    removed: Resource,
    content: Content,
    changes: Changes,
    at: u64,
) -> Result<Creation, Error> {
    let key = Key::new(resource_type.name(), removed.key.id.clone());
    let inserted = OrderedSet::from_iter([key.clone()]);
    let product_id = match removed.state.product_id.clone() {
        // Another user may have got the id meanwhile.
        Some(id) if product_id::owner(&session.ports, resource_type.name(), &id)?.is_some() => None,
        id => id,
    };
    let state = State { product_id, ..State::default() };
    let what = (content, changes, state);
    let place = NewEntry { key, at };
    let mut made =
        creation::make_with(session, resource_type, place, what, &inserted, |life, resource| {
            life.returned(resource)
        })?;
    made.writes.push(Write::remove(removed.key, Some(removed.version)));
    Ok(made)
}

/// Returns a user, or the record of a user that a client deleted; `NotFound` if there is neither.
pub(super) fn load(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
) -> Result<Resource, Error> {
    let key = Key::new(resource_type.name(), id);
    match entries(session, resource_type, &[key])?.into_iter().next().flatten() {
        Some(entry) => Resource::from_entry(entry),
        None => Err(not_found(resource_type, id)),
    }
}

/// Returns the entries of users, including those that clients deleted, in the order of these keys.
pub(super) fn entries(
    session: &Session<'_>,
    resource_type: &ResourceType,
    keys: &[Key],
) -> Result<Vec<Option<Entry>>, Error> {
    let mut found = session.entries(keys)?;
    let missing = keys.iter().zip(&found).filter(|(_, found)| found.is_none());
    let kept: Vec<Key> =
        missing.map(|(key, _)| Key::new(kind(resource_type), key.id.clone())).collect();
    if kept.is_empty() {
        return Ok(found);
    }
    let mut kept = session.entries(&kept)?.into_iter();
    for entry in found.iter_mut().filter(|entry| entry.is_none()) {
        *entry = kept.next().flatten();
    }
    Ok(found)
}
