//! Handles a POST of a user whose name is in use. RFC 7644 section 3.3 requires a 409. If the
//! profile says so, the client takes over the user that the product imported, or that a client has
//! deactivated or deleted. Names that only full case folding makes equal do not count: they may
//! belong to two users.

use serde_json::{Value, json};

use super::lifecycle;
use super::removed;
use super::write::audit;
use super::write::creation::Creation;
use super::write::event::{self, ChangeKind};
use super::write::update::{Prepared, Update};
use super::{Options, Session};
use crate::error::Error;
use crate::port::Caller;
use crate::profile::{Existing, Removal, Users};
use crate::relation::Changes;
use crate::resource::{Resource, check};
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::Write;
use crate::text;

/// A user that a POST takes over.
pub(super) enum ExistingUser {
    /// The product imported the user, and no client has provisioned it yet.
    Imported(Resource),
    /// A client has deactivated the user.
    Deprovisioned(Resource),
    /// A client has deleted the user, and the product kept the record.
    Removed(Resource),
}

/// Returns the user that a POST of this content takes over according to the profile; `None` if
/// there is none.
pub(super) fn known(
    session: &Session<'_>,
    resource_type: &ResourceType,
    content: &Content,
) -> Result<Option<ExistingUser>, Error> {
    let users = session.admission.policy.users(resource_type);
    let Some(users) = users.filter(|_| session.origin.caller != Caller::Product) else {
        return Ok(None);
    };
    let name = &users.user_name.attribute;
    let Some(Value::String(given)) = content.get(name.as_str()) else {
        return Ok(None);
    };
    let same = |resource: &Resource| {
        let known = resource.content.get(name.as_str());
        known.and_then(Value::as_str).is_some_and(|known| text::same_name(known, given))
    };
    let having = |kind: &str| {
        lifecycle::having(session, resource_type, kind, name, &Value::from(given.as_str()))
    };
    if users.existing != Existing::Refuse
        && let Some(holder) = having(resource_type.name())?.into_iter().next()
    {
        let holder = Some(holder).filter(same);
        return Ok(holder.and_then(|holder| taken(users, holder, content)));
    }
    if users.removal == Removal::Delete {
        return Ok(None);
    }
    let removed = having(&removed::kind(resource_type))?.into_iter().rfind(same);
    Ok(removed.map(ExistingUser::Removed))
}

/// Returns how the user with this name is taken over; `None` if the profile does not allow it.
fn taken(users: &Users, holder: Resource, content: &Content) -> Option<ExistingUser> {
    let returns = !users.is_active(&holder.content) && users.is_active(content);
    match users.existing {
        Existing::Link if holder.state.imported => Some(ExistingUser::Imported(holder)),
        Existing::Reactivate if holder.state.deprovisioned && returns => {
            Some(ExistingUser::Deprovisioned(holder))
        }
        Existing::Refuse | Existing::Link | Existing::Reactivate => None,
    }
}

impl ExistingUser {
    /// Assigns the record to the client. The client's attributes take precedence; others that the
    /// product set remain. The audit records the takeover and the value that matched.
    pub(super) fn taken_over(
        self,
        session: &Session<'_>,
        resource_type: &ResourceType,
        at: u64,
        mut given: Content,
        changes: Changes,
    ) -> Result<Creation, Error> {
        check::required(resource_type, &given)?;
        let Some(users) = session.admission.policy.users(resource_type) else {
            return Err(Error::internal("somebody without rules was taken over"));
        };
        let (known, name) = match &self {
            Self::Imported(known) => (known, event::LINKED),
            Self::Deprovisioned(known) => (known, event::RETURNED_ACTIVE),
            Self::Removed(known) => (known, event::RETURNED),
        };
        if matches!(self, Self::Imported(_)) {
            // The product assigned the roles; provisioning a user for the first time must not grant
            // or revoke rights.
            given.remove(users.roles.as_str());
        }
        let key = crate::store::Key::new(resource_type.name(), known.key.id.clone());
        let matched = json!({"matched": [users.user_name.attribute.as_str()]});
        let noted = audit::noted(name, Some(&key), &matched);
        let active = users.active.as_str();
        if !matches!(self, Self::Imported(_)) && !given.contains_key(active) {
            given.insert(active.to_owned(), true.into());
        }
        let mut content = known.content.clone();
        content.extend(given);
        let mut creation = match self {
            Self::Imported(known) | Self::Deprovisioned(known) => {
                update(session, resource_type, known, content, changes)?
            }
            Self::Removed(known) => {
                removed::bring_back(session, resource_type, known, content, changes, at)?
            }
        };
        creation.writes.push(noted);
        Ok(creation)
    }
}

fn update(
    session: &Session<'_>,
    resource_type: &ResourceType,
    known: Resource,
    content: Content,
    changes: Changes,
) -> Result<Creation, Error> {
    let (key, version) = (known.key.clone(), known.version);
    let mut update = Update::new(resource_type, known, content, changes, ChangeKind::Create);
    update.state.imported = false;
    let Prepared { resource, mut writes } = update.prepare(session, &Options::default())?;
    if writes.is_empty() {
        writes.push(Write::expect(key, version));
    }
    Ok(Creation { resource, writes })
}
