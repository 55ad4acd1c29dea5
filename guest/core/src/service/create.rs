//! POST: RFC 7644 section 3.3.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Builder;

use super::event::{self, ChangeKind};
use super::lifecycle::UserLifecycle;
use super::update::{self, Prepared, Received};
use super::{Options, Representation, Session, existing, link_writes};
use crate::error::Error;
use crate::ordered;
use crate::port::Caller;
use crate::relation::Changes;
use crate::resource::{Resource, State, check};
use crate::resource_type::ResourceType;
use crate::schema::{Content, size};
use crate::store::{Key, Write};

/// Creates a resource and returns it. `uniqueness` if a unique value is in use.
pub fn create(
    session: &Session<'_>,
    resource_type: &ResourceType,
    body: Value,
    options: &Options,
) -> Result<Representation, Error> {
    let at = session.ports.clock.now();
    let key = new_key(session, resource_type, at);
    let inserted = ordered::set([key.clone()]);
    let place = NewEntry { key, at };
    let Creation { resource, writes } = prepare(session, resource_type, place, body, &inserted)?;
    let is_link = |write: &Write| matches!(write, Write::Link(_));
    let is_new = matches!(writes.first(), Some(Write::Insert(_)));
    let unlinked = is_new && !writes.iter().any(is_link);
    let resource = update::commit(session, resource_type, at, Prepared { resource, writes })?;
    update::show_created(
        session,
        resource_type,
        resource,
        &options.projection,
        unlinked,
    )
}

/// Under which key and when a resource is created.
pub(super) struct NewEntry {
    pub(super) key: Key,
    pub(super) at: u64,
}

/// A resource that is to be, and the writes that make it. Nothing of it has happened yet.
pub(super) struct Creation {
    pub(super) resource: Resource,
    pub(super) writes: Vec<Write>,
}

/// Checks everything that can be checked before the commit. `inserted` are the keys of all that the
/// same commit creates.
pub(super) fn prepare(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    body: Value,
    inserted: &BTreeSet<Key>,
) -> Result<Creation, Error> {
    let Received {
        content, changes, ..
    } = update::received(session, resource_type, body)?;
    // What is created in a circle is referred to by ids that were chosen for it.
    if inserted.len() == 1
        && let Some(known) = existing::known(session, resource_type, &content)?
    {
        return known.taken_over(session, resource_type, place.at, content, changes);
    }
    let state = State {
        imported: session.origin.caller == Caller::Product,
        ..State::default()
    };
    make(
        session,
        resource_type,
        place,
        (content, changes, state),
        inserted,
    )
}

/// A new resource of this content.
pub(super) fn make(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    (content, changes, state): (Content, Changes, State),
    inserted: &BTreeSet<Key>,
) -> Result<Creation, Error> {
    make_with(
        session,
        resource_type,
        place,
        (content, changes, state),
        inserted,
        |life, resource| life.created(resource),
    )
}

/// What a resource's making brings with it, if it is a person's.
type Brought = fn(&UserLifecycle<'_>, &mut Resource) -> Result<Vec<Write>, Error>;

/// A new resource of this content, with what `brought` says that its making brings.
pub(super) fn make_with(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    (mut content, changes, state): (Content, Changes, State),
    inserted: &BTreeSet<Key>,
    brought: Brought,
) -> Result<Creation, Error> {
    check::required(resource_type, &content)?;
    size::check(None, &content)?;
    update::settle_secrets(session, resource_type, None, &mut content)?;
    let life = UserLifecycle::of(session, resource_type);
    if let Some(life) = &life {
        life.settle(None, &mut content, ChangeKind::Create)?;
    }
    update::check_visible(session, resource_type, None, &content)?;
    let mut resource = Resource {
        key: place.key,
        version: 1,
        created: place.at,
        modified: place.at,
        content,
        state,
    };
    let (links, related) =
        link_writes::writes(session, resource_type, &resource.key, &changes, inserted)?;
    let brought = life.map(|life| brought(&life, &mut resource)).transpose()?;
    let draft = update::draft(resource_type, &resource, &resource.content)?;
    update::check_size(&draft, 0)?;
    let mut writes = vec![Write::Insert(draft)];
    writes.extend(links);
    let mut attributes = update::differing(resource_type, &Content::new(), &resource.content);
    attributes.extend(related);
    let version = Some(resource.version);
    let notice = event::notice(ChangeKind::Create, &resource.key, &attributes, version);
    writes.push(notice);
    writes.extend(brought.into_iter().flatten());
    Ok(Creation { resource, writes })
}

/// A key that nothing has. The id is a UUID of version 7: what was created together lies together
/// in the store.
pub(super) fn new_key(session: &Session<'_>, resource_type: &ResourceType, at: u64) -> Key {
    let id = Builder::from_unix_timestamp_millis(at, &session.ports.random_bytes()).into_uuid();
    Key::new(resource_type.name(), id.to_string())
}
