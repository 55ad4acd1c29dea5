//! The lifecycle of users in the service: created, changed, deactivated, reactivated, removed,
//! erased. The consequences of a step (seats, roles, memberships, effects for the application) are
//! part of its commit, so that none is lost.

mod attribute_rules;
mod membership;
mod seat;
mod user_name;

pub(super) use membership::{changed as membership, dissolved, members, named_roles};
pub(super) use seat::{Assigned, Assignments, COUNTER, give_all};
pub(super) use user_name::{Fork, differs, forks, having};

use serde_json::{Value, json};

use super::Session;
use super::references;
use super::write::event::{self, ChangeKind as Asked};
use crate::error::{Error, ErrorKind};
use crate::port::Caller;
use crate::profile::{
    LifecycleStep, NameChange, REMOVE_MEMBERSHIPS, REMOVE_ROLES, Reactivation, Users,
};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::{Content, DataType};
use crate::sorted_map::SortedMap;
use crate::store::Write;

/// The counter of active users.
pub(super) const SEATS: &str = "seats";

/// The lifecycle rules for the users of a tenant.
#[derive(Clone, Copy)]
pub(super) struct UserLifecycle<'a> {
    session: &'a Session<'a>,
    resource_type: &'a ResourceType,
    users: &'a Users,
}

impl<'a> UserLifecycle<'a> {
    /// `None` for resources that are not users.
    pub(super) fn of(session: &'a Session<'a>, resource_type: &'a ResourceType) -> Option<Self> {
        let users = session.admission.policy.users(resource_type)?;
        Some(Self { session, resource_type, users })
    }

    /// Returns whether a user with this content has access.
    pub(super) fn is_active(&self, content: &Content) -> bool {
        self.users.is_active(content)
    }

    /// Applies the rules to a requested content, or refuses it. `before` is the existing content;
    /// `None` if the user is created.
    pub(super) fn settle(
        &self,
        before: Option<&Content>,
        content: &mut Content,
        asked: Asked,
    ) -> Result<(), Error> {
        if self.session.origin.caller != Caller::Product {
            attribute_rules::protect(self.session, self.resource_type, before, content, asked)?;
        }
        user_name::check(self.users, before, content)?;
        let Some(before) = before else {
            self.say_whether_active(content);
            self.give_default_roles(content);
            return Ok(());
        };
        if self.users.user_name.change == NameChange::Refuse
            && user_name::differs(self.resource_type, self.users, before, content)
        {
            let name = &self.users.user_name.attribute;
            return Err(crate::mutability::refused(name.as_str()));
        }
        let active = self.users.active.as_str();
        if let (Some(was), None) = (before.get(active), content.get(active))
            && asked == Asked::Put
        {
            // A request that omits `active` neither grants nor revokes access. A PATCH that removes
            // it makes it unassigned (RFC 7644 section 3.5.2.2), under the rules for reactivation.
            content.insert(active.to_owned(), was.clone());
        }
        match (self.is_active(before), self.is_active(content)) {
            (false, true) => {
                self.check_reactivation(asked)?;
                self.give_default_roles(content);
            }
            (true, false) if self.users.has_effect(LifecycleStep::Deactivate, REMOVE_ROLES) => {
                content.remove(self.users.roles.as_str());
            }
            _ => {}
        }
        Ok(())
    }

    /// Sets `active` of a new user to true if the client omitted it: the user has access, and
    /// clients read and filter on `active` of every user.
    fn say_whether_active(&self, content: &mut Content) {
        let name = self.users.active.as_str();
        let attribute = self.resource_type.attribute(name);
        let says = attribute.is_some_and(|attribute| attribute.data_type == DataType::Boolean);
        if says && !content.contains_key(name) {
            content.insert(name.to_owned(), true.into());
        }
    }

    /// Checks whether the profile allows this kind of request to reactivate a user.
    ///
    /// # Errors
    /// `mutability` that names the kinds that may.
    pub(in crate::service) fn check_reactivation(&self, asked: Asked) -> Result<(), Error> {
        let way = match (&self.session.origin.caller, asked) {
            (Caller::Product, _) => Reactivation::Product,
            (_, Asked::Patch) => Reactivation::Patch,
            (_, Asked::Put | Asked::Create) => Reactivation::Put,
        };
        if self.users.reactivation.contains(&way) {
            return Ok(());
        }
        let active = &self.users.active;
        let others: Vec<&str> = self.users.reactivation.iter().map(by).collect();
        let others = match others.is_empty() {
            true => "in no way".to_owned(),
            false => format!("only {}", others.join(" or ")),
        };
        let detail =
            format!("`{active}`: who is inactive cannot be reactivated {}, {others}", by(&way));
        Err(Error::new(ErrorKind::Mutability, detail))
    }

    fn give_default_roles(&self, content: &mut Content) {
        let (name, roles) = (self.users.roles.as_str(), &self.users.default_roles);
        if !roles.is_empty() && !content.contains_key(name) && self.is_active(content) {
            content.insert(name.to_owned(), as_values(roles));
        }
    }

    /// Returns the writes that follow from the creation of a user. May change the state to be
    /// stored.
    pub(super) fn created(&self, resource: &mut Resource) -> Result<Vec<Write>, Error> {
        let mut writes = Vec::new();
        if self.is_active(&resource.content) {
            writes.push(self.take_seat());
        }
        let is_active = self.is_active(&resource.content);
        writes.extend(membership::into_target_group(self.session, resource, is_active)?);
        writes.extend(self.effects(LifecycleStep::Create, &resource.key, &Value::Null));
        writes.extend(self.references(resource)?);
        Ok(writes)
    }

    /// Returns the writes that follow from the return of a user that a client had deleted. May
    /// change the state to be stored.
    pub(super) fn returned(&self, resource: &mut Resource) -> Result<Vec<Write>, Error> {
        let mut writes = self.created(resource)?;
        if self.is_active(&resource.content) {
            writes.push(event::activate(&resource.key));
            writes.extend(self.effects(LifecycleStep::Reactivate, &resource.key, &Value::Null));
        }
        Ok(writes)
    }

    /// Returns the writes that follow from a change of this resource. May change the state to be
    /// stored. The caller commits them with a replacement at the version that was read.
    pub(super) fn changed(
        &self,
        before: &Resource,
        after: &mut Resource,
    ) -> Result<Vec<Write>, Error> {
        let key = &before.key;
        match (self.is_active(&before.content), self.is_active(&after.content)) {
            (true, false) => self.deactivated(after),
            (false, true) => {
                after.state.deprovisioned = false;
                let mut writes = vec![self.take_seat(), event::activate(key)];
                writes.extend(seat::count(self.session, &after.state, 1));
                writes.extend(membership::forget(self.session, key)?);
                writes.extend(self.effects(LifecycleStep::Reactivate, key, &Value::Null));
                writes.extend(self.references(after)?);
                Ok(writes)
            }
            _ => Ok(self.effects(LifecycleStep::Update, key, &Value::Null)),
        }
    }

    fn deactivated(&self, after: &mut Resource) -> Result<Vec<Write>, Error> {
        after.state.deprovisioned = self.session.origin.caller != Caller::Product;
        let mut writes = vec![self.give_seat_back(), event::deactivate(&after.key)];
        writes.extend(seat::count(self.session, &after.state, -1));
        let mut groups = Value::Null;
        if self.users.has_effect(LifecycleStep::Deactivate, REMOVE_MEMBERSHIPS) {
            let (unlinked, left) = membership::leave_all(self.session, &after.key)?;
            writes.extend(unlinked);
            after.state.seats = SortedMap::new();
            groups = json!({ "groups": left });
        }
        writes.extend(self.effects(LifecycleStep::Deactivate, &after.key, &groups));
        Ok(writes)
    }

    /// Returns the writes that follow from the removal or erasure of a user, whose commit removes
    /// the links anyway.
    pub(super) fn gone(&self, before: &Resource, step: LifecycleStep) -> Vec<Write> {
        let mut writes = Vec::new();
        if self.is_active(&before.content) {
            writes.push(self.give_seat_back());
            writes.extend(seat::count(self.session, &before.state, -1));
        }
        writes.extend(self.effects(step, &before.key, &Value::Null));
        writes
    }

    fn take_seat(&self) -> Write {
        Write::adjust(SEATS, 1, self.users.seats)
    }

    fn give_seat_back(&self) -> Write {
        Write::adjust(SEATS, -1, None)
    }

    /// Returns the events that instruct the application.
    fn effects(&self, step: LifecycleStep, key: &crate::store::Key, groups: &Value) -> Vec<Write> {
        let told = self.users.effects(step).iter().map(|effect| {
            let nothing = json!({});
            let data = match effect.as_str() {
                REMOVE_MEMBERSHIPS if !groups.is_null() => groups,
                _ => &nothing,
            };
            event::named(effect, Some(key), data)
        });
        told.collect()
    }

    /// Returns an event with the existing references to the user's address, which the application
    /// restores; none if the user is inactive or has no references.
    fn references(&self, resource: &Resource) -> Result<Vec<Write>, Error> {
        let name = resource.content.get(self.users.user_name.attribute.as_str());
        let Some(name) = name.and_then(Value::as_str).filter(|_| self.is_active(&resource.content))
        else {
            return Ok(Vec::new());
        };
        let kept = references::of(self.session, name)?;
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let kept = kept.iter().map(|kept| json!({"kind": kept.kind, "id": kept.id}));
        let data = json!({ "references": kept.collect::<Vec<_>>() });
        Ok(vec![event::named("references-restored", Some(&resource.key), &data)])
    }
}

/// Describes a way of reactivation for an error.
fn by(way: &Reactivation) -> &'static str {
    match way {
        Reactivation::Product => "by the product",
        Reactivation::Patch => "with PATCH",
        Reactivation::Put => "with PUT",
    }
}

/// Returns roles as values of the roles attribute.
pub(super) fn as_values(roles: &[String]) -> Value {
    roles.iter().map(|role| json!({ "value": role })).collect()
}
