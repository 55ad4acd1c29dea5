//! POST: RFC 7644 section 3.3.

use serde_json::Value;

use super::write::creation::{self, Creation, NewEntry};
use super::write::update::{self, Prepared, Received};
use super::{Options, Representation, Session, existing, represent};
use crate::error::Error;
use crate::ordered::OrderedSet;
use crate::port::Caller;
use crate::resource::State;
use crate::resource_type::ResourceType;
use crate::store::{Key, Write};

/// Creates a resource and returns it.
///
/// # Errors
/// `uniqueness` if a unique value is in use; `invalidValue` if the content is invalid.
pub fn create(
    session: &Session<'_>,
    resource_type: &ResourceType,
    body: Value,
    options: &Options,
) -> Result<Representation, Error> {
    let at = session.ports.clock.now();
    let key = creation::new_key(session, resource_type, at);
    let inserted = OrderedSet::from_iter([key.clone()]);
    let place = NewEntry { key, at };
    let Creation { resource, writes } = prepare(session, resource_type, place, body, &inserted)?;
    let is_link = |write: &Write| matches!(write, Write::Link(_));
    let is_new = matches!(writes.first(), Some(Write::Insert(_)));
    let unlinked = is_new && !writes.iter().any(is_link);
    let resource = update::commit(session, resource_type, at, Prepared { resource, writes })?;
    represent::show_created(session, resource_type, resource, &options.projection, unlinked)
}

/// Performs all checks that are possible before the commit. `inserted` are the keys of all
/// resources that the same commit creates.
pub(super) fn prepare(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    body: Value,
    inserted: &OrderedSet<Key>,
) -> Result<Creation, Error> {
    let Received { content, changes, .. } = update::received(session, resource_type, body)?;
    // Resources created in a cycle refer to each other by ids chosen in advance.
    if inserted.len() == 1
        && let Some(known) = existing::known(session, resource_type, &content)?
    {
        return known.taken_over(session, resource_type, place.at, content, changes);
    }
    let state = State { imported: session.origin.caller == Caller::Product, ..State::default() };
    creation::make(session, resource_type, place, (content, changes, state), inserted)
}
