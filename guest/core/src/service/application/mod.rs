//! The changes of a commit, told to the application before it happens
//! (`wit/application.wit`), and the application's own ids in events.
//!
//! INVARIANT: what the application hears follows only from the writes of the commit, its events
//! among them, and from what they replace. So it hears of every change that has an event, and of no
//! other.

mod changes;
mod document;
mod members;
mod reader;
mod subject;

use crate::auth::Admission;
use crate::port::{Application, Caller, Decline, Level, Ports};
use crate::resource;
use crate::service::product_id;
use crate::service::write::event;
use crate::sorted_map::SortedMap;
use crate::store::{Committed, Key, Refusal, Rejection, Replacement, Write};

use self::changes::Changed;
use self::reader::Reader;
use self::subject::{Subjects, name};

/// A commit that has not happened.
pub(super) struct Plan<'a> {
    pub(super) ports: Ports<'a>,
    pub(super) admission: &'a Admission,
    pub(super) caller: &'a Caller,
    /// All writes, beginning with the expectations of the admission.
    pub(super) writes: Vec<Write>,
}

impl Plan<'_> {
    /// Commits at the time `at` or a later one, unless the application refuses. The application
    /// does not hear of changes that it makes itself, except of erasures.
    pub(super) fn commit(self, at: u64) -> Result<Committed, Rejection> {
        let subjects = Subjects::of(&self.admission.policy.registry, &self.writes);
        let is_erasure = || self.writes.iter().any(|write| matches!(write, Write::Redact(_)));
        let is_told = !subjects.all.is_empty() && (*self.caller != Caller::Product || is_erasure());
        let (store, actor) = (self.ports.store, self.admission.actor.as_str());
        let Some(application) = self.ports.application.filter(|_| is_told) else {
            let ids = self.ids(&subjects).map_err(|refusal| self.rejection(refusal))?;
            let mut writes = self.writes;
            add_product_ids(&mut writes, &ids);
            return store.commit(at, actor, writes);
        };
        let outcome = store.commit_prepared(at, actor, &mut || {
            self.told(application, &subjects, at).map_err(|refusal| self.rejection(refusal))
        });
        outcome.map_err(|rejection| match &rejection.reason {
            // No client can do anything about it.
            Refusal::Taken(path) if *path == resource::PRODUCT_ID => {
                let why = "the application gave a resource the id that another one has";
                Rejection { reason: Refusal::Damaged(why.to_owned()), ..rejection }
            }
            _ => rejection,
        })
    }

    /// Returns the application's ids of these resources, by their names.
    fn ids(&self, subjects: &Subjects<'_>) -> Result<SortedMap<String>, Refusal> {
        let reader = Reader { store: self.ports.store };
        let unwritten = subjects.all.iter().filter(|subject| subject.written().is_none());
        let keys: Vec<Key> = unwritten.map(|subject| subject.stored().clone()).collect();
        let mut ids = reader.product_ids(&keys)?;
        for subject in &subjects.all {
            let body = subject.written().map(|draft| draft.body.as_str());
            if let Some(id) = body.and_then(|body| resource::product_id(body).ok().flatten()) {
                ids.insert(name(&subject.key), id);
            }
        }
        Ok(ids)
    }

    /// Tells the application what is about to change, and returns the writes with the ids that it
    /// gives.
    fn told(
        &self,
        application: &dyn Application,
        subjects: &Subjects<'_>,
        at: u64,
    ) -> Result<Vec<Write>, Refusal> {
        let reader = Reader { store: self.ports.store };
        let mut changed = changes::read(&reader, &subjects.all, at)?;
        let moved = members::moved(&reader, subjects, &self.writes)?;
        let context = (&reader, &*self.admission.policy, subjects);
        let changes = changes::told(context, &changed, moved)?;
        let count = changes.len();
        let given = application.before_commit(changes);
        let given = given.map_err(|decline| self.refusal(decline, subjects))?;
        if !given.is_empty() && given.len() != count {
            let why = format!("the application gave {} ids for {count} changes", given.len());
            return Err(Refusal::Damaged(why));
        }
        let mut writes = self.writes.clone();
        for (changed, id) in changed.iter_mut().zip(given) {
            if let Some(id) = id {
                give(&mut writes, changed, id)?;
            }
        }
        add_product_ids(&mut writes, &changes::own_ids(&changed));
        Ok(writes)
    }

    fn refusal(&self, decline: Decline, subjects: &Subjects<'_>) -> Refusal {
        // An operator has no use for a status.
        let is_product = *self.caller == Caller::Product;
        match decline {
            Decline::Invalid(sentence) => Refusal::Declined { forbidden: is_product, sentence },
            Decline::Forbidden(sentence) => Refusal::Declined { forbidden: true, sentence },
            Decline::Failed(why) => Refusal::NotDone(format!("the application failed: {why}")),
            Decline::Again(why) => {
                let text = format!("the application asks to try again: {why}");
                self.ports.journal.write(Level::Info, "application", &text);
                match subjects.all.first() {
                    Some(subject) => Refusal::Stale(subject.key.clone()),
                    None => Refusal::NotDone(why),
                }
            }
        }
    }

    /// Returns the rejection of the first write of the request itself. Nothing was written, so a
    /// store that could not be read leaves nothing unknown.
    fn rejection(&self, reason: Refusal) -> Rejection {
        let reason = match reason {
            Refusal::Unavailable(why) => Refusal::NotDone(why),
            other => other,
        };
        let expected = self.admission.expectations.len();
        Rejection { write: u32::try_from(expected).unwrap_or(u32::MAX), reason }
    }
}

/// Stores the application's id of a resource in the commit that changes it. Of a resource that does
/// not remain there is nothing to store.
fn give(writes: &mut Vec<Write>, changed: &mut Changed<'_>, id: String) -> Result<(), Refusal> {
    let is_known = changed.product_id() == Some(id.as_str());
    let Some(after) = changed.after.as_mut().filter(|_| !is_known) else {
        return Ok(());
    };
    if let Err(error) = product_id::check(&id) {
        return Err(Refusal::Damaged(format!("the application gave `{id:?}`: {error}")));
    }
    after.state.product_id = Some(id);
    let draft = after.draft(changed.subject.resource_type);
    let draft = draft.map_err(|error| Refusal::Damaged(error.detail))?;
    let stored = writes.iter_mut().rev().find_map(|write| match write {
        Write::Insert(stored) | Write::Replace(Replacement { draft: stored, .. })
            if stored.key == draft.key =>
        {
            Some(stored)
        }
        _ => None,
    });
    match stored {
        Some(stored) => *stored = draft,
        None => writes.push(Write::replace(draft, after.version)),
    }
    Ok(())
}

fn add_product_ids(writes: &mut [Write], ids: &SortedMap<String>) {
    if ids.is_empty() {
        return;
    }
    for write in writes {
        if let Write::Append(appended) = write
            && let Some(id) = appended.subject.as_ref().and_then(|key| ids.get(&name(key)))
        {
            event::add_member(appended, "product-id", id);
        }
    }
}
