//! What has to hold before a client whose credential is good may do anything: SCIM is on, the product is set up, the address is
//! allowed, the credential's role suffices. Each is 403 and says what is missing.

use super::Admission;

use crate::error::{Error, ErrorKind};
use crate::port::{Caller, Origin};
use crate::profile::Policy;

/// Whether who was let in may do anything at all.
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

/// Whether SCIM is on and the product set up for it.
fn check_set_up(policy: &Policy) -> Result<(), Error> {
    if !policy.enabled {
        return Err(forbidden("SCIM is off; an administrator has to turn it on".into()));
    }
    match policy.closed_gate() {
        None => Ok(()),
        Some((name, gate)) => Err(forbidden(format!("`{name}` is not met: {}", gate.demand))),
    }
}

/// That, and whether the client's address is allowed.
fn check(policy: &Policy, origin: &Origin) -> Result<(), Error> {
    check_set_up(policy)?;
    if policy.network.allows(origin.client_address.as_deref()) {
        return Ok(());
    }
    let address = origin.client_address.as_deref().unwrap_or("unknown");
    Err(forbidden(format!("requests from the address {address} are not allowed")))
}

/// Whether the credential's role allows what the profile demands of credentials.
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
