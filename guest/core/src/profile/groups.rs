//! What a profile says of groups of people.

use crate::sorted_map::SortedMap;

use crate::json;
use crate::name::AttributeName;

/// The resources that hold people, and the product's rules for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Their resource type. A profile without this type has no such rules.
    pub resource_type: String,
    /// The relation to those who are in them.
    pub members: AttributeName,
    /// The attribute that they are known by.
    pub name: AttributeName,
    /// Whether no two may have the same name.
    pub unique_names: bool,
    /// Whether members who are not active are shown.
    pub inactive_members: InactiveMembers,
    /// The roles of the members of a group, by the group's name.
    pub roles: SortedMap<Vec<String>>,
    /// Whether the product gives a group's members roles and seats by hand, group by group.
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

/// Whether members who are not active are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InactiveMembers {
    /// As others, and those too whom their deactivation took out.
    Show,
    /// They are left out.
    Hide,
}

json::decode_enum!(InactiveMembers { Show: "show", Hide: "hide" });
