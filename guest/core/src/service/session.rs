//! An admitted request: its ports, its policy, and the only way to commit.

use serde_json::Value;

#[cfg(feature = "application")]
use super::application;
use super::write::event;
use crate::auth::Admission;
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::name::AttributeName;
use crate::port::{Level, Origin, Ports};
use crate::profile::UnknownAttribute;
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Checker;
use crate::store::{Committed, Draft, Entry, Key, Refusal, Rejection, Write};
use crate::text;

/// The most bytes of a client-supplied name in an error.
const NAME_BYTES: usize = 100;
/// The most attributes that a journal entry or an error lists by name.
const NAMED_AT_MOST: usize = 20;

/// The context of the use cases.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The ports.
    pub ports: Ports<'a>,
    /// Where the request arrived, and from whom.
    pub origin: &'a Origin,
    /// The request's Authorization header.
    pub authorization: Option<&'a str>,
    /// The client's admission.
    pub admission: &'a Admission,
}

impl Session<'_> {
    /// Commits at the time `at` (milliseconds since 1970) or a later one, preceded by the
    /// expectations of the admission. Events about resources get the paths of these.
    ///
    /// # Errors
    /// The store's refusal; `Stale` if an expectation of the admission fails, so that the request
    /// has to be admitted again.
    pub fn commit(&self, at: u64, writes: Vec<Write>) -> Result<Committed, Refusal> {
        self.commit_naming_write(at, writes).map_err(|rejection| rejection.reason)
    }

    /// Commits like [`Self::commit`].
    ///
    /// # Errors
    /// The store's refusal with the index of the write that caused it; the first if an expectation
    /// of the admission failed.
    pub fn commit_naming_write(&self, at: u64, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let expected = &self.admission.expectations;
        let all: Vec<Write> = expected.iter().cloned().chain(writes).collect();
        let outcome = self.commit_all(at, all);
        outcome.map_err(|rejection| Rejection {
            write: rejection
                .write
                .saturating_sub(u32::try_from(expected.len()).unwrap_or(u32::MAX)),
            ..rejection.of_commit()
        })
    }

    #[cfg(not(feature = "application"))]
    fn commit_all(&self, at: u64, mut writes: Vec<Write>) -> Result<Committed, Rejection> {
        self.add_paths(&mut writes);
        self.ports.store.commit(at, &self.admission.actor, writes)
    }

    #[cfg(feature = "application")]
    fn commit_all(&self, at: u64, mut writes: Vec<Write>) -> Result<Committed, Rejection> {
        self.add_paths(&mut writes);
        let (ports, admission, caller) = (self.ports, self.admission, &self.origin.caller);
        application::Plan { ports, admission, caller, writes }.commit(at)
    }

    fn add_paths(&self, writes: &mut [Write]) {
        for write in writes {
            if let Write::Append(appended) = write {
                event::add_path(appended, &self.admission.policy.registry);
            }
        }
    }

    /// Returns the resource of this id.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn load(&self, resource_type: &ResourceType, id: &str) -> Result<Resource, Error> {
        let found = self.ports.store.get(vec![Key::new(resource_type.name(), id)])?;
        match found.into_iter().next().flatten() {
            Some(entry) => Resource::from_entry(entry),
            None => Err(not_found(resource_type, id)),
        }
    }

    /// Returns the entries of these keys, in their order, with calls of limited size.
    ///
    /// # Errors
    /// If the store fails.
    pub fn entries(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        self.each_entry(keys, |_, entry| {
            found.push(entry);
            Ok(())
        })?;
        Ok(found)
    }

    /// Passes the entries of these keys to a function one after the other, with calls of limited
    /// size, so that only those of one call are held in memory. If their bodies are too large for
    /// one response of the store, half as many are requested.
    ///
    /// # Errors
    /// If the store or the function fails.
    pub fn each_entry(
        &self,
        keys: &[Key],
        mut see: impl FnMut(&Key, Option<Entry>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut rest, mut at_once) = (keys, limits::KEYS_PER_CALL);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(at_once.min(rest.len()));
            match self.ports.store.get(now.to_vec()) {
                Err(Refusal::TooMany(_)) if now.len() > 1 => at_once = now.len() / 2,
                found => {
                    for (key, entry) in now.iter().zip(found?) {
                        see(key, entry)?;
                    }
                    rest = later;
                }
            }
        }
        Ok(())
    }

    /// Returns a write to the entry `key` that only one of several commits that saw the same state
    /// can perform; it puts them in order.
    ///
    /// # Errors
    /// If the store fails.
    pub fn order(&self, key: Key) -> Result<Write, Error> {
        let found = self.ports.store.get(vec![key.clone()])?.into_iter().next().flatten();
        let draft = Draft { key, body: "{}".to_owned(), terms: Vec::new() };
        Ok(match found {
            Some(entry) => Write::replace(draft, entry.version),
            None => Write::Insert(draft),
        })
    }

    /// Returns whether the client may see the mirror of this relation: only if its scopes include
    /// the type that has the relation.
    #[must_use]
    pub fn sees_mirror(&self, relation: &AttributeName) -> bool {
        let policy = &self.admission.policy;
        let mut types = policy.registry.types().iter();
        types.any(|resource_type| {
            resource_type.relation(relation).is_some()
                && self.admission.scopes.reach(policy, resource_type)
        })
    }

    /// Checks that the client's scopes include a resource type.
    ///
    /// # Errors
    /// 403 if they do not.
    pub fn check_reach(&self, resource_type: &ResourceType) -> Result<(), Error> {
        if self.admission.scopes.reach(&self.admission.policy, resource_type) {
            return Ok(());
        }
        let detail = format!("the credential's scopes do not reach {}", resource_type.name());
        Err(Error::new(ErrorKind::Forbidden, detail))
    }

    /// Writes an entry to the journal.
    pub fn note(&self, level: Level, topic: &str, text: &str) {
        self.ports.journal.write(level, topic, text);
    }

    /// Rewrites a request with the quirks that the profile enables, and records those that applied
    /// in the journal.
    pub fn rewrite(&self, resource_type: &ResourceType, sent: Option<Sent<'_>>) {
        let Some(mut sent) = sent else {
            return;
        };
        for quirk in &self.admission.policy.quirks {
            if quirk.rewrite(resource_type, &mut sent) {
                self.note(Level::Info, "dialect", &format!("rewritten by `{}`", quirk.name));
            }
        }
    }

    /// Rewrites the body of a search by POST, of one type or of all.
    pub fn rewrite_search(&self, resource_type: Option<&ResourceType>, body: &mut Value) {
        let registry = &self.admission.policy.registry;
        // The members of a search are the same for all types.
        if let Some(resource_type) = resource_type.or(registry.types().first()) {
            self.rewrite(resource_type, Sent::search(body));
        }
    }

    /// Checks that a choice of attributes can be followed exactly, if the profile refuses unknown
    /// attributes: it must not have both `attributes` and `excludedAttributes`, nor names that none
    /// of these types has.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn check_projection(
        &self,
        types: &[ResourceType],
        projection: &Projection,
    ) -> Result<(), Error> {
        if self.admission.policy.attributes.unknown == UnknownAttribute::Ignore {
            return Ok(());
        }
        if projection.attributes.is_some() && !projection.excluded.is_empty() {
            return Err(Error::exclusive("attributes", "excludedAttributes"));
        }
        match projection.unknown(types) {
            None => Ok(()),
            Some(name) => {
                let name = text::truncated(&name, NAME_BYTES);
                Err(Error::no_attribute(ErrorKind::InvalidValue, name))
            }
        }
    }

    /// Records in the journal the parts of a request that were ignored: attributes that no schema
    /// defines, and those that clients cannot write.
    ///
    /// # Errors
    /// `invalidSyntax` that names the attributes that no schema defines, if the profile refuses
    /// them.
    pub fn settle_dropped(
        &self,
        resource_type: &ResourceType,
        dropped: &Checker,
    ) -> Result<(), Error> {
        if !dropped.read_only.is_empty() {
            let text =
                format!("ignored as readOnly: {}", text::listed(&dropped.read_only, NAMED_AT_MOST));
            self.note(Level::Info, "schema", &text);
        }
        if dropped.unknown.is_empty() {
            return Ok(());
        }
        let names = text::listed(&dropped.unknown, NAMED_AT_MOST);
        let text = format!("{} has no attribute {names}", resource_type.name());
        match self.admission.policy.attributes.unknown {
            UnknownAttribute::Refuse => Err(Error::new(ErrorKind::InvalidSyntax, text)),
            UnknownAttribute::Ignore => {
                self.note(Level::Info, "schema", &text);
                Ok(())
            }
        }
    }
}

/// The error for an id that no resource has.
pub(super) fn not_found(resource_type: &ResourceType, id: &str) -> Error {
    Error::no_such(resource_type.name(), id)
}
