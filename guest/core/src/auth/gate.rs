//! Conditions that apply to a client after authentication: SCIM is enabled, the product is set up,
//! the address is allowed, the credential's role suffices. Each failure is a 403 that names the
//! unmet condition.

use super::Admission;

use crate::error::{Error, ErrorKind};
use crate::port::{Caller, Origin};
use crate::profile::Policy;

/// Checks all conditions for an admitted client.
///
/// # Errors
/// 403 that names the first condition that is not met.
pub fn pass(origin: &Origin, admission: &Admission) -> Result<(), Error> {
    let policy = &admission.policy;
    match &origin.caller {
        Caller::Unknown => {
            check(policy, origin)?;
            check_role(policy, admission.role.as_deref())
        }
        Caller::Client(_) => check(policy, origin),
        Caller::User(_) => check_set_up(policy),
        Caller::Product => Ok(()),
    }
}

/// Checks that SCIM is enabled and the product is set up for it.
fn check_set_up(policy: &Policy) -> Result<(), Error> {
    if !policy.enabled {
        return Err(forbidden("SCIM is off; an administrator has to turn it on".into()));
    }
    match policy.closed_gate() {
        None => Ok(()),
        Some((name, gate)) => Err(forbidden(format!("`{name}` is not met: {}", gate.demand))),
    }
}

/// Checks that SCIM is set up, and that the client's address is allowed.
fn check(policy: &Policy, origin: &Origin) -> Result<(), Error> {
    check_set_up(policy)?;
    if policy.network.allows(origin.client_address.as_deref()) {
        return Ok(());
    }
    let address = origin.client_address.as_deref().unwrap_or("unknown");
    Err(forbidden(format!("requests from the address {address} are not allowed")))
}

/// Checks that the credential's role has the permissions that the profile requires.
fn check_role(policy: &Policy, role: Option<&str>) -> Result<(), Error> {
    let demanded = &policy.credentials.permissions;
    let allowed = role.and_then(|role| policy.roles.get(role));
    let lacks =
        |permission: &&String| !allowed.is_some_and(|role| role.permissions.contains(permission));
    match demanded.iter().find(lacks) {
        None => Ok(()),
        Some(lacking) => {
            Err(forbidden(format!("the credential's role lacks the permission `{lacking}`")))
        }
    }
}

fn forbidden(detail: String) -> Error {
    Error::new(ErrorKind::Forbidden, detail)
}
