//! The embedding application, which hears of changes before their commit: `wit/application.wit`.

use crate::store::Key;

/// The application.
pub trait Application {
    /// Tells what a commit is about to change. Returns the application's own id for each change, in
    /// their order, or an empty list if it gives none.
    ///
    /// # Errors
    /// Why nothing may be committed.
    fn before_commit(&self, changes: Vec<Change>) -> Result<Vec<Option<String>>, Decline>;
}

/// Why the application lets a change not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decline {
    /// It refuses the change: 400, with this sentence for the client.
    Invalid(String),
    /// It refuses the change to this client: 403, with this sentence for the client.
    Forbidden(String),
    /// Its transaction and another one were in each other's way: the change may be tried again.
    Again(String),
    /// It failed: 503. The text is for the operator.
    Failed(String),
}

/// The names of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The resource type's name and the id.
    pub key: Key,
    /// The application's own id.
    pub product_id: Option<String>,
}

/// The step in the life of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client creates it.
    Created,
    /// A client takes over a record that the product had.
    Linked,
    /// It changes in another way than by the other steps.
    Updated,
    /// The user loses access.
    Deactivated,
    /// The user regains access.
    Reactivated,
    /// A client deletes it.
    Removed,
    /// The application erases it and all personal data.
    Erased,
}

/// An instruction of the profile to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The name of its event.
    pub name: String,
    /// The group that grants or withdraws roles or a seat.
    pub group: Option<Identity>,
    /// The roles that are granted or withdrawn.
    pub roles: Vec<String>,
    /// The kind of the seat that is granted or withdrawn.
    pub seat_type: Option<String>,
    /// The groups that a deactivated user leaves.
    pub groups: Vec<Identity>,
    /// The kind and id of each object of the application that refers to the user.
    pub references: Vec<(String, String)>,
}

/// A change of one resource that is about to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The names of the resource.
    pub subject: Identity,
    /// The step in its life.
    pub step: Step,
    /// The paths of the attributes that differ, as in the event.
    pub attributes: Vec<String>,
    /// The document before, in the product's view; `None` if there was none.
    pub before: Option<String>,
    /// The document after, in the product's view; `None` if nothing remains.
    pub after: Option<String>,
    /// The members that a group gains.
    pub members_added: Vec<Identity>,
    /// The members that a group loses.
    pub members_removed: Vec<Identity>,
    /// The effects of the profile, in the order of their events.
    pub effects: Vec<Effect>,
}
