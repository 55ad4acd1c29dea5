//! POST: RFC 7644 section 3.3.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Builder;

use super::event::{self, Step};
use super::{Options, Session, Shown, linking, update};
use crate::error::Error;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::{Content, check};
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
    let inserted = BTreeSet::from([key.clone()]);
    let place = Place { key, at };
    let Creation { resource, writes } = prepare(session, of, place, body, &inserted)?;
    session
        .commit(at, writes)
        .map_err(|refusal| update::conflict(of, refusal))?;
    update::show(session, of, &resource, &options.projection)
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

/// Checks everything that can be checked before the commit. `inserted` are the keys of all that the same commit creates.
pub(super) fn prepare(
    session: &Session<'_>,
    of: &ResourceType,
    place: Place,
    body: Value,
    inserted: &BTreeSet<Key>,
) -> Result<Creation, Error> {
    let (mut content, changes) = update::received(session, of, body)?;
    check::required(of, &content)?;
    update::settle_secrets(session, of, None, &mut content)?;
    let resource = Resource {
        key: place.key,
        version: 1,
        created: place.at,
        modified: place.at,
        content,
    };
    let (links, related) = linking::writes(session, of, &resource.key, &changes, inserted)?;
    let draft = update::draft(of, &resource, &resource.content)?;
    let mut writes = vec![Write::Insert(draft)];
    writes.extend(links);
    let mut attributes = update::differing(of, &Content::new(), &resource.content);
    attributes.extend(related);
    let version = Some(resource.version);
    writes.push(event::notice(
        Step::Create,
        &resource.key,
        &attributes,
        version,
    ));
    Ok(Creation { resource, writes })
}

/// A key that nothing has. The id is a UUID of version 7: what was created together lies together in the store.
pub(super) fn new_key(session: &Session<'_>, of: &ResourceType, at: u64) -> Key {
    let id = Builder::from_unix_timestamp_millis(at, &session.ports.random_bytes()).into_uuid();
    Key::new(of.name(), id.to_string())
}
