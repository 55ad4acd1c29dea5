//! POSTs in one commit: a single one, or several that refer to each other in a cycle (RFC 7644
//! section 3.7.1). The ids are chosen before the commit, and the store checks the ends of links
//! after its last write.

use super::bulk_id;
use super::request::BulkAction;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::ordered::OrderedSet;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::service::Session;
use crate::service::create;
use crate::service::write::creation::{self, Creation, NewEntry};
use crate::service::write::update;
use crate::sorted_map::SortedMap;
use crate::store::{Key, Write};
use std::borrow::Borrow;

/// A POST in the commit.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) bulk_id: &'a str,
    pub(super) action: &'a BulkAction,
}

/// A created resource.
pub(super) struct Created {
    pub(super) resource: Resource,
    pub(super) location: String,
}

/// Why nothing was created, and which POST caused the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberError {
    pub(super) member: usize,
    pub(super) error: Error,
}

impl From<Error> for MemberError {
    fn from(error: Error) -> Self {
        Self { member: 0, error }
    }
}

impl Borrow<Error> for MemberError {
    fn borrow(&self) -> &Error {
        &self.error
    }
}

/// Creates all resources, in the order of the POSTs, or none. `ids` are those of resources created
/// before.
pub(super) fn create(
    session: &Session<'_>,
    posts: &[Post<'_>],
    ids: &SortedMap<String>,
) -> Result<Vec<Created>, MemberError> {
    let at = session.ports.clock.now();
    let types = each(posts, |post| {
        let registry = &session.admission.policy.registry;
        let resource_type = post.action.target.resource_type(registry)?;
        session.check_reach(resource_type).map(|()| resource_type)
    })?;
    let keys: Vec<Key> =
        types.iter().map(|resource_type| creation::new_key(session, resource_type, at)).collect();
    let own = posts.iter().zip(&keys);
    let own = own.map(|(post, key)| (post.bulk_id.to_owned(), key.id.clone()));
    let ids: SortedMap<String> = ids.clone().into_iter().chain(own).collect();
    let inserted = OrderedSet::from_iter(keys.iter().cloned());
    let planned: Vec<_> = types.into_iter().zip(keys).zip(posts).collect();
    let creations = each(&planned, |((resource_type, key), post)| {
        let data = bulk_id::resolved(&post.action.data, &ids);
        let key = key.clone();
        create::prepare(session, resource_type, NewEntry { key, at }, data, &inserted)
    })?;
    let types: Vec<&ResourceType> =
        planned.iter().map(|((resource_type, _), _)| *resource_type).collect();
    commit(session, at, &types, creations)
}

fn commit(
    session: &Session<'_>,
    at: u64,
    types: &[&ResourceType],
    creations: Vec<Creation>,
) -> Result<Vec<Created>, MemberError> {
    let (mut created, mut writes, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for (member, (creation, resource_type)) in creations.into_iter().zip(types).enumerate() {
        owners.extend(creation.writes.iter().map(|_| (member, *resource_type)));
        writes.extend(creation.writes);
        let location = creation.resource.location(resource_type, &session.origin.base_url);
        let resource = creation.resource;
        created.push(Created { resource, location });
    }
    let expected = session.admission.expectations.iter();
    check_size(expected.chain(&writes).map(changes).sum())?;
    session.commit_naming_write(at, writes).map_err(|rejection| {
        let index = usize::try_from(rejection.write).unwrap_or_default();
        match owners.get(index) {
            Some((member, resource_type)) => MemberError {
                member: *member,
                error: update::conflict(resource_type, rejection.reason),
            },
            None => Error::from(rejection.reason).into(),
        }
    })?;
    Ok(created)
}

/// Checks the number of changes: a store need not accept more in one commit.
fn check_size(changes: usize) -> Result<(), Error> {
    let limit = limits::COMMIT_CHANGES;
    if changes > limit {
        let detail =
            format!("operations that refer to each other may have {limit} changes, not {changes}");
        return Err(Error::new(ErrorKind::TooMany, detail));
    }
    Ok(())
}

/// Returns how many changes a write counts as.
fn changes(write: &Write) -> usize {
    match write {
        Write::Link(links) | Write::Unlink(links) => links.len().max(1),
        _ => 1,
    }
}

/// Applies a function to each POST; an error names the first one that fails.
fn each<'s, T, U>(
    members: &'s [T],
    mut run: impl FnMut(&'s T) -> Result<U, Error>,
) -> Result<Vec<U>, MemberError> {
    let members = members.iter().enumerate();
    members.map(|(member, one)| run(one).map_err(|error| MemberError { member, error })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Link;

    #[test]
    fn each_link_is_a_change() {
        let link = |id: usize| Link {
            source: Key::new("Group", "g"),
            name: "members".to_owned(),
            target: Key::new("User", id.to_string()),
        };
        let links = |count| changes(&Write::Link((0..count).map(link).collect()));
        assert_eq!(links(0) + changes(&Write::Redact(Key::new("User", "u"))), 2);
        assert!(check_size(links(119_999) + 1).is_ok());
        let refusal = check_size(links(60_000) + links(60_001)).unwrap_err();
        assert_eq!(refusal.kind, ErrorKind::TooMany);
    }
}
