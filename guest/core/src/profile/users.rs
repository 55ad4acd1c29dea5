//! What a profile says of people: their names, their life cycle, seats and roles.

use serde_json::Value;

use crate::json;
use crate::name::AttributeName;
use crate::schema::Content;

/// The resources that stand for people, and the product's rules for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// Their resource type. A profile without this type has no such rules.
    pub resource_type: String,
    /// The boolean attribute that says whether somebody has access; absent means yes.
    pub active: AttributeName,
    /// The attribute that people are known by.
    pub user_name: UserName,
    /// The multi-valued complex attribute that roles are kept in, each as a `value`.
    pub roles: AttributeName,
    /// The roles of who is made or reactivated without any.
    pub default_roles: Vec<String>,
    /// Whether each `externalId` may belong to one user only.
    pub unique_external_id: bool,
    /// What becomes of a POST with the userName of somebody who is there.
    pub existing: Existing,
    /// By what somebody inactive becomes active again.
    pub reactivation: Vec<Reactivation>,
    /// What a DELETE does.
    pub removal: Removal,
    /// How many may be active at once; `null` for any number.
    pub seats: Option<u64>,
    /// What the application is told to do at each step, in the order in which it is told.
    pub effects: Effects,
}

json::decode_struct!(strict Users {
    resource_type: "resource-type",
    active: "active",
    user_name: "user-name",
    roles: "roles",
    default_roles: "default-roles",
    unique_external_id: "unique-external-id",
    existing: "existing",
    reactivation: "reactivation",
    removal: "removal",
    seats: "seats",
    effects: "effects",
});

/// Names of effects, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    create: Vec<String>,
    update: Vec<String>,
    deactivate: Vec<String>,
    reactivate: Vec<String>,
    remove: Vec<String>,
    erase: Vec<String>,
}

json::decode_struct!(strict Effects {
    create: "create" = Vec::new(),
    update: "update" = Vec::new(),
    deactivate: "deactivate" = Vec::new(),
    reactivate: "reactivate" = Vec::new(),
    remove: "remove" = Vec::new(),
    erase: "erase" = Vec::new(),
});

/// The attribute that people are known by, and its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    /// A single-valued text.
    pub attribute: AttributeName,
    /// Whether it has to be an e-mail address.
    pub email: bool,
    /// What becomes of a request that changes it.
    pub change: NameChange,
}

json::decode_struct!(strict UserName {
    attribute: "attribute",
    email: "email",
    change: "change",
});

/// What becomes of a changed userName.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// The person is renamed.
    Allow,
    /// The request is refused.
    Refuse,
    /// It makes another person; the old one stays as they are.
    Fork,
}

json::decode_enum!(NameChange { Allow: "allow", Refuse: "refuse", Fork: "fork" });

/// What becomes of a POST with the userName of somebody who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is refused as a duplicate.
    Refuse,
    /// It takes over somebody whom the product imported and no client has provisioned yet.
    Link,
    /// It takes over, and reactivates, a user whom a client of this tenant has deactivated.
    Reactivate,
}

json::decode_enum!(Existing { Refuse: "refuse", Link: "link", Reactivate: "reactivate" });

/// By what somebody becomes active again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reactivation {
    /// A PUT of the whole resource.
    Put,
    /// A PATCH.
    Patch,
    /// The application, through `admin`.
    Product,
}

json::decode_enum!(Reactivation { Put: "put", Patch: "patch", Product: "product" });

/// What a DELETE does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The resource goes (RFC 7644 section 3.6).
    Delete,
    /// The resource goes for clients; the product keeps it, inactive.
    Deactivate,
}

json::decode_enum!(Removal { Delete: "delete", Deactivate: "deactivate" });

/// A step of somebody's life in the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleStep {
    /// Made.
    Create,
    /// Changed, and as active as before.
    Update,
    /// Active no longer.
    Deactivate,
    /// Active again.
    Reactivate,
    /// Gone from the service.
    Remove,
    /// Gone, with all personal data.
    Erase,
}

/// Takes all roles away; the service does it, and says so.
pub const REMOVE_ROLES: &str = "remove-roles";
/// Takes the person out of all groups; the service does it, and says so.
pub const REMOVE_MEMBERSHIPS: &str = "remove-memberships";

impl Users {
    /// Whether somebody of this content has access: unless it is said that they have none.
    #[must_use]
    pub fn is_active(&self, content: &Content) -> bool {
        content.get(self.active.as_str()) != Some(&Value::Bool(false))
    }

    /// The effects of a step.
    #[must_use]
    pub fn effects(&self, step: LifecycleStep) -> &[String] {
        let effects = &self.effects;
        match step {
            LifecycleStep::Create => &effects.create,
            LifecycleStep::Update => &effects.update,
            LifecycleStep::Deactivate => &effects.deactivate,
            LifecycleStep::Reactivate => &effects.reactivate,
            LifecycleStep::Remove => &effects.remove,
            LifecycleStep::Erase => &effects.erase,
        }
    }

    /// Whether a step has this effect.
    #[must_use]
    pub fn has_effect(&self, step: LifecycleStep, effect: &str) -> bool {
        self.effects(step).iter().any(|name| name == effect)
    }
}
