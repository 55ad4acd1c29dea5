//! Identity providers as objects of the product.

use super::{Issued, Problem};
use crate::port::Ports;

/// An identity provider of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its name.
    pub name: String,
    /// Whether it provisions, with a credential of its own.
    pub auto_provisioning: bool,
    /// The id of that credential.
    pub credential: Option<String>,
    /// Milliseconds since 1970.
    pub created: u64,
}

/// Enters an identity provider.
pub fn add_identity_provider(
    _: &Ports<'_>,
    _tenant: &str,
    _name: &str,
    _auto_provisioning: bool,
) -> Result<Option<Issued>, Problem> {
    Err(Problem::Unavailable(String::new()))
}

/// All of them.
pub fn identity_providers(_: &Ports<'_>) -> Result<Vec<IdentityProvider>, Problem> {
    Err(Problem::Unavailable(String::new()))
}
