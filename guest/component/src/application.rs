//! The imported interface `application`: core's port of the embedding application. Compiled by the
//! shells whose world has it.

use scimlet_core::port::{Application, Change, Decline, Effect, Identity, Step};

use crate::bindings::scimlet::plugin::application as wit;
use crate::source;

/// The application behind the import.
struct Embedder;

/// Returns the application, if it wants to hear of the changes of this call.
pub fn application() -> Option<&'static dyn Application> {
    source::has_application().then_some(&Embedder as &dyn Application)
}

impl Application for Embedder {
    fn before_commit(&self, changes: Vec<Change>) -> Result<Vec<Option<String>>, Decline> {
        let changes: Vec<_> = changes.into_iter().map(change).collect();
        wit::before_commit(&changes).map_err(decline)
    }
}

fn identity(identity: Identity) -> wit::Identity {
    wit::Identity {
        resource_type: identity.key.kind,
        id: identity.key.id,
        product_id: identity.product_id,
    }
}

fn identities(identities: Vec<Identity>) -> Vec<wit::Identity> {
    identities.into_iter().map(identity).collect()
}

fn effect(effect: Effect) -> wit::Effect {
    wit::Effect {
        name: effect.name,
        group: effect.group.map(identity),
        roles: effect.roles,
        seat_type: effect.seat_type,
        groups: identities(effect.groups),
        references: effect.references,
    }
}

fn step(step: Step) -> wit::Step {
    match step {
        Step::Created => wit::Step::Created,
        Step::Linked => wit::Step::Linked,
        Step::Updated => wit::Step::Updated,
        Step::Deactivated => wit::Step::Deactivated,
        Step::Reactivated => wit::Step::Reactivated,
        Step::Removed => wit::Step::Removed,
        Step::Erased => wit::Step::Erased,
    }
}

fn change(change: Change) -> wit::Change {
    wit::Change {
        resource_type: change.subject.key.kind,
        id: change.subject.key.id,
        product_id: change.subject.product_id,
        step: step(change.step),
        attributes: change.attributes,
        before: change.before,
        after: change.after,
        members_added: identities(change.members_added),
        members_removed: identities(change.members_removed),
        effects: change.effects.into_iter().map(effect).collect(),
    }
}

fn decline(refusal: wit::Refusal) -> Decline {
    match refusal {
        wit::Refusal::Invalid(sentence) => Decline::Invalid(sentence),
        wit::Refusal::Forbidden(sentence) => Decline::Forbidden(sentence),
        wit::Refusal::Again(why) => Decline::Again(why),
        wit::Refusal::Failed(why) => Decline::Failed(why),
    }
}
