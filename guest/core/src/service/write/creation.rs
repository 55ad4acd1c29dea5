//! The common part of all creations: from a content to the commit that creates the resource.

use uuid::Builder;

use super::event::{self, ChangeKind};
use super::{link_writes, update};
use crate::error::Error;
use crate::ordered::OrderedSet;
use crate::relation::Changes;
use crate::resource::{Resource, State, check};
use crate::resource_type::ResourceType;
use crate::schema::{Content, size};
use crate::service::Session;
use crate::service::lifecycle::UserLifecycle;
use crate::store::{Key, Write};

/// The key and time of a new resource.
pub(in crate::service) struct NewEntry {
    pub(in crate::service) key: Key,
    pub(in crate::service) at: u64,
}

/// A resource to be created, and the writes that create it. Nothing has been committed yet.
pub(in crate::service) struct Creation {
    pub(in crate::service) resource: Resource,
    pub(in crate::service) writes: Vec<Write>,
}

/// Prepares a new resource with this content.
pub(in crate::service) fn make(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    (content, changes, state): (Content, Changes, State),
    inserted: &OrderedSet<Key>,
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

/// Returns the further writes for the creation of a user.
type Brought = fn(&UserLifecycle<'_>, &mut Resource) -> Result<Vec<Write>, Error>;

/// Prepares a new resource with this content, and the further writes that `brought` returns.
pub(in crate::service) fn make_with(
    session: &Session<'_>,
    resource_type: &ResourceType,
    place: NewEntry,
    (mut content, changes, state): (Content, Changes, State),
    inserted: &OrderedSet<Key>,
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
    let draft = resource.draft(resource_type)?;
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

/// Returns an unused key. The id is a UUID of version 7, so that resources created together are
/// adjacent in the store.
pub(in crate::service) fn new_key(
    session: &Session<'_>,
    resource_type: &ResourceType,
    at: u64,
) -> Key {
    let id = Builder::from_unix_timestamp_millis(at, &session.ports.random_bytes()).into_uuid();
    Key::new(resource_type.name(), id.to_string())
}
