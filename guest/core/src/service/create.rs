//! POST: RFC 7644 section 3.3.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Builder;

use super::event::{self, Step};
use super::life::Life;
use super::update::{self, Prepared, Received};
use super::{Options, Session, Shown, existing, linking};
use crate::error::Error;
use crate::ordered;
use crate::port::Caller;
use crate::relation::Changes;
use crate::resource::{Resource, State};
use crate::resource_type::ResourceType;
use crate::schema::{Content, check, size};
use crate::store::{Key, Write};

/// Creates a resource and returns it. `uniqueness` if a unique value is in use.
pub fn create(
    session: &Session<'_>,
    of: &ResourceType,
    body: Value,
    options: &Options,
) -> Result<Shown, Error> {
    let at = session.ports.clock.now();
    let key = new_key(session, of, at);
    let inserted = ordered::set([key.clone()]);
    let place = Place { key, at };
    let Creation { resource, writes } = prepare(session, of, place, body, &inserted)?;
    let is_link = |write: &Write| matches!(write, Write::Link(_));
    let is_new = matches!(writes.first(), Some(Write::Insert(_)));
    let unlinked = is_new && !writes.iter().any(is_link);
    let resource = update::commit(session, of, at, Prepared { resource, writes })?;
    update::show_created(session, of, resource, &options.projection, unlinked)
}

/// Under which key and when a resource is created.
pub(super) struct Place {
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
    of: &ResourceType,
    place: Place,
    body: Value,
    inserted: &BTreeSet<Key>,
) -> Result<Creation, Error> {
    let Received {
        content, changes, ..
    } = update::received(session, of, body)?;
    // What is created in a circle is referred to by ids that were chosen for it.
    if inserted.len() == 1
        && let Some(known) = existing::known(session, of, &content)?
    {
        return known.taken_over(session, of, place.at, content, changes);
    }
    let state = State {
        imported: session.origin.caller == Caller::Product,
        ..State::default()
    };
    make(session, of, place, (content, changes, state), inserted)
}

/// A new resource of this content.
pub(super) fn make(
    session: &Session<'_>,
    of: &ResourceType,
    place: Place,
    (content, changes, state): (Content, Changes, State),
    inserted: &BTreeSet<Key>,
) -> Result<Creation, Error> {
    make_with(
        session,
        of,
        place,
        (content, changes, state),
        inserted,
        |life, resource| life.created(resource),
    )
}

/// What a resource's making brings with it, if it is a person's.
type Brought = fn(&Life<'_>, &mut Resource) -> Result<Vec<Write>, Error>;

/// A new resource of this content, with what `brought` says that its making brings.
pub(super) fn make_with(
    session: &Session<'_>,
    of: &ResourceType,
    place: Place,
    (mut content, changes, state): (Content, Changes, State),
    inserted: &BTreeSet<Key>,
    brought: Brought,
) -> Result<Creation, Error> {
    check::required(of, &content)?;
    size::check(None, &content)?;
    update::settle_secrets(session, of, None, &mut content)?;
    let life = Life::of(session, of);
    if let Some(life) = &life {
        life.settle(None, &mut content, Step::Create)?;
    }
    update::check_visible(session, of, None, &content)?;
    let mut resource = Resource {
        key: place.key,
        version: 1,
        created: place.at,
        modified: place.at,
        content,
        state,
    };
    let (links, related) = linking::writes(session, of, &resource.key, &changes, inserted)?;
    let brought = life.map(|life| brought(&life, &mut resource)).transpose()?;
    let draft = update::draft(of, &resource, &resource.content)?;
    update::check_size(&draft, 0)?;
    let mut writes = vec![Write::Insert(draft)];
    writes.extend(links);
    let mut attributes = update::differing(of, &Content::new(), &resource.content);
    attributes.extend(related);
    let version = Some(resource.version);
    let notice = event::notice(Step::Create, &resource.key, &attributes, version);
    writes.push(notice);
    writes.extend(brought.into_iter().flatten());
    Ok(Creation { resource, writes })
}

/// A key that nothing has. The id is a UUID of version 7: what was created together lies together
/// in the store.
pub(super) fn new_key(session: &Session<'_>, of: &ResourceType, at: u64) -> Key {
    let id = Builder::from_unix_timestamp_millis(at, &session.ports.random_bytes()).into_uuid();
    Key::new(of.name(), id.to_string())
}
