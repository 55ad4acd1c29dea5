//! Issuers of access tokens that no two tenants share, as
//! [`scimlet_store::issuers`] has the rule, with a line in the log for the operator.

pub use scimlet_store::issuers::{Given, Issuer, Kept, PROFILE_KIND, given, of_profile};

use scimlet_store::issuers::conflict;

use super::Rejection;

/// Refuses issuers that another tenant has, unless the tenant has exactly these already: profiles
/// that were stored before this rule may stay, and the rest of such a profile may change.
///
/// # Errors
/// [`Refusal::Invalid`](super::Refusal::Invalid) with a sentence for the operator. It does not name
/// the other tenant; the log does.
pub fn judge(given: &Given, kept: impl IntoIterator<Item = Kept>) -> Result<(), Rejection> {
    let Some(conflict) = conflict(given, kept) else {
        return Ok(());
    };
    let (tenant, issuer) = (&conflict.tenant, &conflict.issuer);
    tracing::warn!(tenant, issuer, "this tenant has the issuer and audience");
    Err(conflict.into())
}
