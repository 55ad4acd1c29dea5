//! A profile's rules for groups of users.

use crate::sorted_map::SortedMap;

use crate::json;
use crate::name::AttributeName;

/// The resource type of groups, and the product's rules for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The groups' resource type. A profile without this type has no such rules.
    pub resource_type: String,
    /// The relation to the members.
    pub members: AttributeName,
    /// The attribute that is a group's name.
    pub name: AttributeName,
    /// Whether names must be unique.
    pub unique_names: bool,
    /// Whether inactive members are shown.
    pub inactive_members: InactiveMembers,
    /// The roles that a group grants to its members, by the group's name.
    pub roles: SortedMap<Vec<String>>,
    /// Whether the product assigns roles and seats to groups through `admin`.
    pub assignments: bool,
}

json::decode_struct!(strict Groups {
    resource_type: "resource-type",
    members: "members",
    name: "name",
    unique_names: "unique-names",
    inactive_members: "inactive-members",
    roles: "roles",
    assignments: "assignments",
});

/// Whether inactive members are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InactiveMembers {
    /// They are shown like others, including members whose deactivation removed them from the
    /// group.
    Show,
    /// They are omitted.
    Hide,
}

json::decode_enum!(InactiveMembers { Show: "show", Hide: "hide" });
