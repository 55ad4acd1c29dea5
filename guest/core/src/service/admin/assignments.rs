//! What groups give their members: roles and kinds of seats, by hand and group by group.

use super::Problem;
use crate::port::Ports;

/// What a group gives its members from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Roles.
    pub roles: Vec<String>,
    /// One of the profile's `seat-types`.
    pub seat_type: Option<String>,
}

/// Gives a group's members roles and seats from now on, in place of what it gave before.
pub fn assign_group(_: &Ports<'_>, _: &str, _: Assignment) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}

/// The groups that give something.
pub fn assignments(_: &Ports<'_>) -> Result<Vec<(String, Assignment)>, Problem> {
    Err(Problem::Unavailable(String::new()))
}

/// The id of the group of this id or name, which is made if there is none.
pub(super) fn group_to_go_into(_: &Ports<'_>, _: &str) -> Result<String, Problem> {
    Err(Problem::Unavailable(String::new()))
}
