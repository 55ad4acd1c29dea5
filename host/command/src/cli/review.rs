//! Logs which stored profiles today's rules would refuse; the server serves them nevertheless.

use std::collections::BTreeMap;
use std::sync::Arc;

use scimlet::Plugin;
use scimlet::plugin::AdminError;
use scimlet::store::issuers::{self, Issuer};
use scimlet::store::{Database, Tenant};

/// The settings with keys and secrets, which are checked when they are configured.
const HOLDING_KEYS: [&str; 2] = ["access-tokens", "webhooks"];

/// Checks the profiles of all tenants once, and logs problems.
pub(super) async fn run(plugin: Arc<Plugin>, database: Arc<dyn Database>) {
    if let Err(error) = review(&plugin, &*database).await {
        tracing::warn!("the stored profiles were not looked at: {error:#}");
    }
}

async fn review(plugin: &Plugin, database: &dyn Database) -> anyhow::Result<()> {
    let mut seen = BTreeMap::new();
    for Tenant { name, .. } in database.tenants().await? {
        let Some(store) = database.open(&name).await? else {
            continue;
        };
        let Ok((profile, _)) = plugin.admin(store).named(&name).profile().await else {
            continue;
        };
        if HOLDING_KEYS.iter().any(|name| profile.contains(name))
            && let Err(AdminError::Invalid(why)) = plugin.explain(&profile).await
        {
            tracing::warn!(tenant = name, "the stored profile would be refused: {why}");
        }
        for issuer in issuers::of_profile(&profile) {
            compare(&mut seen, &name, issuer);
        }
    }
    Ok(())
}

/// The issuers of the tenants checked so far, by issuer and audience.
type Seen = BTreeMap<(String, String), Vec<(String, Issuer)>>;

fn compare(seen: &mut Seen, tenant: &str, issuer: Issuer) {
    let same = seen.entry((issuer.issuer.clone(), issuer.audience.clone())).or_default();
    let mut others = same.iter().filter(|(name, _)| name != tenant);
    if let Some((other, _)) = others.find(|(_, other)| other.overlaps(&issuer)) {
        tracing::warn!(
            tenant,
            other,
            issuer = issuer.issuer,
            "these tenants take each other's access tokens: give each an audience of its own, \
             or a claim in `claims`"
        );
    }
    same.push((tenant.to_owned(), issuer));
}
