//! The lifecycle of users, as the product controls it.

use serde_json::Value;

use super::super::lifecycle::{self, UserLifecycle};
use super::super::query::{self, Search};
use super::super::write::creation::Creation;
use super::super::write::event::{self, ChangeKind as Asked};
use super::super::write::update::{self, Prepared, Update};
use super::super::{Options, Session, fork, references, removed, represent};
use super::{Problem, as_product, product, user_rules};
use crate::error::Error;
use crate::json;
use crate::page::Paging;
use crate::port::Ports;
use crate::profile::{EXTERNAL_ID, LifecycleStep, Users};
use crate::projection::Projection;
use crate::resource::Resource;
use crate::store::{Key, Write};

/// Returns a page of users in the product's view, as a ListResponse document. `cursor` is empty for
/// the first page, then the `nextCursor` of the previous page.
///
/// # Errors
/// If the query is invalid, or the store fails.
pub fn users(
    ports: &Ports<'_>,
    filter: Option<&str>,
    cursor: &str,
    count: u32,
) -> Result<String, Problem> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    as_product(ports, |session| {
        let (resource_type, _) = user_rules(session)?;
        let search = Search {
            filter: filter.map(ToOwned::to_owned),
            paging: Paging::Cursor {
                cursor: cursor.to_owned(),
                count: count.min(crate::limits::PAGE_MAX),
            },
            ..Search::default()
        };
        let list = query::query_people(session, resource_type, &search)?;
        let mut list = Value::Object(json::written_object(&list)?);
        if let Some(Value::Array(shown)) = list.get_mut("Resources") {
            product::extend(session, resource_type, shown)?;
        }
        Ok(list.to_string())
    })
}

/// Returns one user in the product's view.
///
/// # Errors
/// If there is no such user.
pub fn user(ports: &Ports<'_>, id: &str) -> Result<String, Problem> {
    as_product(ports, |session| {
        let (resource_type, _) = user_rules(session)?;
        let resource = removed::load(session, resource_type, id)?;
        let shown = represent::show(session, resource_type, resource, &Projection::default())?;
        let shown = shown.resource.unwrap_or_default();
        let mut shown = [Value::Object(json::written_object(&shown)?)];
        product::extend(session, resource_type, &mut shown)?;
        Ok(shown.into_iter().map(|user| user.to_string()).collect())
    })
}

/// Assigns an imported user to the identity provider, under this externalId if one is given.
///
/// # Errors
/// If there is no such user, or the externalId belongs to another user and has to be unique.
pub fn link_user(ports: &Ports<'_>, id: &str, external_id: Option<&str>) -> Result<(), Problem> {
    change(ports, id, |_, _, update| {
        update.state.imported = false;
        if let Some(external_id) = external_id {
            let value = external_id.into();
            update.content.insert(EXTERNAL_ID.to_owned(), value);
        }
    })
}

/// Deactivates a user like a client's `active: false`; repeating it has no effect.
///
/// # Errors
/// If there is no such user.
pub fn deactivate_user(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    change(ports, id, |life, users, update| {
        if life.is_active(&update.content) {
            let name = users.active.as_str().to_owned();
            update.content.insert(name, false.into());
        }
    })
}

/// Reactivates a user.
///
/// # Errors
/// If there is no such user, no seat is left, or the profile does not let the product do it.
pub fn reactivate_user(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    change(ports, id, |life, users, update| {
        if !life.is_active(&update.content) {
            let name = users.active.as_str().to_owned();
            update.content.insert(name, true.into());
        }
    })
}

/// Replaces the user's own roles.
///
/// # Errors
/// If there is no such user.
pub fn assign_roles(ports: &Ports<'_>, id: &str, roles: &[String]) -> Result<(), Problem> {
    change(ports, id, |_, users, update| {
        let name = users.roles.as_str();
        match roles.is_empty() {
            true => update.content.remove(name),
            false => update.content.insert(name.to_owned(), lifecycle::as_values(roles)),
        };
    })
}

/// Removes the user and all personal data, in events too; the digests of events remain.
///
/// # Errors
/// If there is no such user.
pub fn erase_user(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    as_product(ports, |session| {
        let (resource_type, users) = user_rules(session)?;
        let resource = removed::load(session, resource_type, id)?;
        let key = Key::new(resource_type.name(), id);
        let mut writes = vec![
            Write::remove(resource.key.clone(), Some(resource.version)),
            // Events appended after the redaction remain; they name the user only by id.
            Write::Redact(key.clone()),
            event::delete(&key),
        ];
        if let Some(life) = UserLifecycle::of(session, resource_type) {
            writes.extend(life.gone(&resource, LifecycleStep::Erase));
        }
        let name = resource.content.get(users.user_name.attribute.as_str());
        if let Some(address) = name.and_then(Value::as_str) {
            writes.extend(references::forget(session, address)?);
        }
        session.commit(session.ports.clock.now(), writes)?;
        Ok(())
    })
}

/// Changes a user as the application, under the rules for a client's change.
fn change(
    ports: &Ports<'_>,
    id: &str,
    apply: impl Fn(&UserLifecycle<'_>, &Users, &mut Update<'_>),
) -> Result<(), Problem> {
    as_product(ports, |session| {
        let (resource_type, users) = user_rules(session)?;
        let before: Resource = removed::load(session, resource_type, id)?;
        let is_removed = removed::is_removed(resource_type, &before.key);
        let content = before.content.clone();
        let mut update =
            Update::new(resource_type, before, content, Default::default(), Asked::Patch);
        let life = UserLifecycle::of(session, resource_type);
        if let Some(life) = &life {
            apply(life, users, &mut update);
        }
        match life.filter(|life| is_removed && life.is_active(&update.content)) {
            Some(life) => bring_back(session, &life, update),
            None => fork::commit(session, update, &Options::default()).map(drop),
        }
    })
}

/// Restores the kept record of a user that a client deleted.
fn bring_back(
    session: &Session<'_>,
    life: &UserLifecycle<'_>,
    update: Update<'_>,
) -> Result<(), Error> {
    life.check_reactivation(Asked::Patch)?;
    let (resource_type, at) = (update.resource_type, session.ports.clock.now());
    let made = removed::bring_back(
        session,
        resource_type,
        update.before,
        update.content,
        update.changes,
        at,
    )?;
    let Creation { resource, writes } = made;
    update::commit(session, resource_type, at, Prepared { resource, writes }).map(drop)
}
