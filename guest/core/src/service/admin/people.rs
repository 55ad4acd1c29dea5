//! The life of users, seen from the product.

use super::Problem;
use crate::port::Ports;

/// A page of users in the product's view, as a ListResponse document.
pub fn users(_: &Ports<'_>, _query: &str) -> Result<String, Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// One user in the product's view.
pub fn user(_: &Ports<'_>, _id: &str) -> Result<String, Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// An imported user belongs to the identity provider from now on.
pub fn link_user(_: &Ports<'_>, _id: &str, _external_id: Option<&str>) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// As a client's `active: false`.
pub fn deactivate_user(_: &Ports<'_>, _id: &str) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// The reverse.
pub fn reactivate_user(_: &Ports<'_>, _id: &str) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// Removes the user and everything that tells about the person.
pub fn erase_user(_: &Ports<'_>, _id: &str) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}
/// The user's own roles.
pub fn assign_roles(_: &Ports<'_>, _id: &str, _roles: &[String]) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}
