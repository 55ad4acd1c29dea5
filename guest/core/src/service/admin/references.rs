//! What the product's objects refer to by an e-mail address, apart from membership.

use super::Problem;
use crate::port::Ports;

/// An object of the product that names somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The address.
    pub email: String,
    /// What kind of object.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// The user who has the address now and is active.
    pub user: Option<String>,
}

/// Notes that an object names somebody. Twice is no problem.
pub fn add_reference(_: &Ports<'_>, _email: &str, _kind: &str, _id: &str) -> Result<(), Problem> {
    Err(Problem::Unavailable(String::new()))
}

/// What refers to this address.
pub fn references(_: &Ports<'_>, _email: &str) -> Result<Vec<Reference>, Problem> {
    Err(Problem::Unavailable(String::new()))
}
