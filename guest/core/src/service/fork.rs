//! Changes of a userName that create a new user and leave the old one unchanged, if the profile
//! says so. The identity provider keeps using the old id, so requests with it also apply to the new
//! user: those that name it, and every deactivation, so that no user keeps access by mistake.

use super::lifecycle::{self, Fork, UserLifecycle};
use super::write::creation::{self, Creation, NewEntry};
use super::write::event::ChangeKind;
use super::write::links::FORKED_FROM;
use super::write::update::{self, Prepared, Update, Updated};
use super::{Options, Session};
use crate::error::{Error, ErrorKind};
use crate::ordered::OrderedSet;
use crate::port::Caller;
use crate::profile::{NameChange, Users};
use crate::resource::{Resource, State};
use crate::resource_type::ResourceType;
use crate::store::{Key, Link, Write};

/// Commits a change, under this rule if the profile has it.
pub(super) fn commit(
    session: &Session<'_>,
    update: Update<'_>,
    options: &Options,
) -> Result<Updated, Error> {
    match Forking::of(session, update.resource_type) {
        Some(forking) => forking.commit(update, options),
        None => update.commit(session, options),
    }
}

/// The rule, for the users of one request.
pub(super) struct Forking<'a> {
    session: &'a Session<'a>,
    resource_type: &'a ResourceType,
    users: &'a Users,
    life: UserLifecycle<'a>,
}

impl<'a> Forking<'a> {
    /// `None` if the profile does not have the rule, or the application itself makes the request.
    pub(super) fn of(session: &'a Session<'a>, resource_type: &'a ResourceType) -> Option<Self> {
        let users = session.admission.policy.users(resource_type)?;
        let forks = users.user_name.change == NameChange::Fork;
        let life = UserLifecycle::of(session, resource_type)?;
        (forks && session.origin.caller != Caller::Product).then_some(Self {
            session,
            resource_type,
            users,
            life,
        })
    }

    /// Commits a change requested under the id that the client knows.
    fn commit(&self, update: Update<'_>, options: &Options) -> Result<Updated, Error> {
        let known = update.before.clone();
        let forks = lifecycle::forks(self.session, &known.key)?;
        let forks: Vec<Resource> = forks.into_iter().map(|Fork(resource)| resource).collect();
        if !self.differs(&known, &update) {
            return self.change(update, &forks, options);
        }
        let meant = forks.iter().find(|fork| !self.differs(fork, &update));
        match meant.cloned() {
            Some(fork) => self.change_fork(update, fork, &forks),
            None => self.fork(update, &forks),
        }
    }

    fn commit_now(&self, prepared: Prepared) -> Result<Resource, Error> {
        let at = self.session.ports.clock.now();
        update::commit(self.session, self.resource_type, at, prepared)
    }

    fn differs(&self, one: &Resource, update: &Update<'_>) -> bool {
        lifecycle::differs(self.resource_type, self.users, &one.content, &update.content)
    }

    /// Changes the user with the requested id; if access is granted or revoked, its forks change
    /// too.
    fn change(
        &self,
        update: Update<'_>,
        forks: &[Resource],
        options: &Options,
    ) -> Result<Updated, Error> {
        let (before, step) = (update.before.clone(), update.step);
        let mut prepared = update.prepare(self.session, options)?;
        let active = self.life.is_active(&prepared.resource.content);
        // An inactive user may have active forks.
        if !active || !self.life.is_active(&before.content) {
            prepared.writes.extend(self.follow(forks, active, step)?);
        }
        let resource = self.commit_now(prepared)?;
        Ok(Updated { resource, known_as: None })
    }

    /// Changes the fork with the given name, requested under the id that the client knows.
    fn change_fork(
        &self,
        update: Update<'_>,
        fork: Resource,
        forks: &[Resource],
    ) -> Result<Updated, Error> {
        let Update { before: known, content, changes, step, .. } = update;
        let name = fork.key.clone();
        let update = Update::new(self.resource_type, fork, content, changes, step);
        let mut prepared = update.prepare(self.session, &Options::default())?;
        if !self.life.is_active(&prepared.resource.content) {
            let others = forks.iter().filter(|other| other.key != name);
            let others = others.chain([&known]);
            prepared.writes.extend(self.follow(others, false, step)?);
        }
        let resource = self.commit_now(prepared)?;
        Ok(known_as(&known, resource))
    }

    /// Returns the writes that deactivate the forks of a user who is removed.
    pub(super) fn abandoned(&self, known: &Resource) -> Result<Vec<Write>, Error> {
        let forks = lifecycle::forks(self.session, &known.key)?;
        let forks = forks.iter().map(|Fork(fork)| fork);
        self.follow(forks, false, ChangeKind::Patch)
    }

    /// Grants access to these users, or revokes it.
    fn follow<'r>(
        &self,
        others: impl IntoIterator<Item = &'r Resource>,
        active: bool,
        step: ChangeKind,
    ) -> Result<Vec<Write>, Error> {
        let mut writes = Vec::new();
        for other in others {
            let mut content = other.content.clone();
            if active != self.life.is_active(&content) {
                content.insert(self.users.active.as_str().to_owned(), active.into());
            }
            let update =
                Update::new(self.resource_type, other.clone(), content, Default::default(), step);
            let prepared = update.prepare(self.session, &Options::default())?;
            writes.extend(prepared.writes);
        }
        Ok(writes)
    }

    /// Creates a user with the new name, which no user has.
    fn fork(&self, update: Update<'_>, forks: &[Resource]) -> Result<Updated, Error> {
        let Update { before: known, content, changes, step, .. } = update;
        let at = self.session.ports.clock.now();
        let key = creation::new_key(self.session, self.resource_type, at);
        let inserted = OrderedSet::from_iter([key.clone()]);
        let link =
            Link { source: key.clone(), name: FORKED_FROM.to_owned(), target: known.key.clone() };
        let what = (content, changes, State::default());
        let place = NewEntry { key, at };
        let made = creation::make(self.session, self.resource_type, place, what, &inserted)?;
        let Creation { resource, mut writes } = made;
        writes.push(Write::expect(known.key.clone(), known.version));
        writes.push(Write::Link(vec![link]));
        if !self.life.is_active(&resource.content) {
            writes.extend(self.follow(forks.iter().chain([&known]), false, step)?);
        }
        let prepared = Prepared { resource, writes };
        let resource = update::commit(self.session, self.resource_type, at, prepared);
        let resource = resource.map_err(|error| self.again(error, &known.key))?;
        Ok(known_as(&known, resource))
    }

    /// If a concurrent request has just created this user, the next attempt finds it.
    fn again(&self, error: Error, known: &Key) -> Error {
        let forks = lifecycle::forks(self.session, known).unwrap_or_default();
        match error.kind {
            ErrorKind::Uniqueness if !forks.is_empty() => {
                Error::new(ErrorKind::Stale, error.detail)
            }
            _ => error,
        }
    }
}

fn known_as(known: &Resource, resource: Resource) -> Updated {
    Updated { resource, known_as: Some(known.key.id.clone()) }
}
