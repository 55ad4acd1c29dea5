//! A profile's rules for users: names, lifecycle, seats and roles.

use serde_json::Value;

use crate::json;
use crate::name::AttributeName;
use crate::schema::Content;

/// The resource type of users, and the product's rules for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// The users' resource type. A profile without this type has no such rules.
    pub resource_type: String,
    /// The boolean attribute that tells whether a user has access; absent means true.
    pub active: AttributeName,
    /// The attribute that is a user's name.
    pub user_name: UserName,
    /// The multi-valued complex attribute that contains roles, each as a `value`.
    pub roles: AttributeName,
    /// The roles of users who are created or reactivated without any.
    pub default_roles: Vec<String>,
    /// Whether each `externalId` may belong to one user only.
    pub unique_external_id: bool,
    /// How a POST with the userName of an existing user is handled.
    pub existing: Existing,
    /// The requests that can reactivate an inactive user.
    pub reactivation: Vec<Reactivation>,
    /// The effect of a DELETE.
    pub removal: Removal,
    /// The most active users; `null` for no limit.
    pub seats: Option<u64>,
    /// The instructions to the application at each lifecycle step, in their order.
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

/// The names of effects, by lifecycle step.
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

/// The attribute that is a user's name, and its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    /// The attribute, a single-valued text.
    pub attribute: AttributeName,
    /// Whether it must be an e-mail address.
    pub email: bool,
    /// How a request that changes it is handled.
    pub change: NameChange,
}

json::decode_struct!(strict UserName {
    attribute: "attribute",
    email: "email",
    change: "change",
});

/// How a changed userName is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// The user is renamed.
    Allow,
    /// The request is refused.
    Refuse,
    /// A new user is created; the old one stays unchanged.
    Fork,
}

json::decode_enum!(NameChange { Allow: "allow", Refuse: "refuse", Fork: "fork" });

/// How a POST with the userName of an existing user is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is refused as a duplicate.
    Refuse,
    /// It takes over a user that the product imported and no client has provisioned yet.
    Link,
    /// It takes over and reactivates a user that a client of this tenant has deactivated.
    Reactivate,
}

json::decode_enum!(Existing { Refuse: "refuse", Link: "link", Reactivate: "reactivate" });

/// A request that can reactivate a user.
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

/// The effect of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The resource is deleted (RFC 7644 section 3.6).
    Delete,
    /// The resource is deleted for clients; the product keeps it, inactive.
    Deactivate,
}

json::decode_enum!(Removal { Delete: "delete", Deactivate: "deactivate" });

/// A step in the lifecycle of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleStep {
    /// Created.
    Create,
    /// Changed, without a change of activity.
    Update,
    /// Deactivated.
    Deactivate,
    /// Reactivated.
    Reactivate,
    /// Removed from the service.
    Remove,
    /// Removed, with all personal data.
    Erase,
}

/// Removes all roles; the service does this itself, and reports it in the event.
pub const REMOVE_ROLES: &str = "remove-roles";
/// Removes the user from all groups; the service does this itself, and reports it in the event.
pub const REMOVE_MEMBERSHIPS: &str = "remove-memberships";

impl Users {
    /// Returns whether a user with this content has access; true unless the attribute is false.
    #[must_use]
    pub fn is_active(&self, content: &Content) -> bool {
        content.get(self.active.as_str()) != Some(&Value::Bool(false))
    }

    /// Returns the effects of a step.
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

    /// Returns whether a step has this effect.
    #[must_use]
    pub fn has_effect(&self, step: LifecycleStep, effect: &str) -> bool {
        self.effects(step).iter().any(|name| name == effect)
    }
}
