//! Two tenants never take each other's access tokens: a profile that has an issuer and audience of
//! another tenant's is refused, unless a claim tells them apart.

use std::sync::Arc;

use crate::Store;
use scimlet::store::{Database, TenantStorage};
use scimlet_store::{Draft, Refusal, Rejection};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::broken::{Broken, Checked, OrBroken, check, check_eq};
use crate::kit::*;

/// A profile that takes tokens of this issuer for this audience, with these claims.
fn profile(issuer: &str, audience: &str, claims: Value) -> Value {
    let issuer = json!({"issuer": issuer, "audience": audience, "keys": [], "claims": claims});
    json!({"extends": "default", "credentials": {"access-tokens": [issuer]}})
}

fn draft(profile: &Value) -> Draft {
    Draft { key: key("$profile", "current"), body: profile.to_string(), terms: Vec::new() }
}

async fn tenant(database: &dyn Database, name: &str) -> Checked<Arc<dyn TenantStorage>> {
    database.create_tenant(name, AT).await.or_broken("it is made")?;
    let store = database.open(name).await.or_broken("open succeeds")?;
    store.or_broken("the tenant is there")
}

async fn configure(store: &dyn Store, profile: &Value) -> Result<(), Rejection> {
    let found = store.get(vec![key("$profile", "current")]).await;
    let found = found.map_err(|reason| Rejection { write: 0, reason })?;
    let write = match found.into_iter().next().flatten() {
        None => insert(draft(profile)),
        Some(entry) => replace(draft(profile), entry.version),
    };
    let writes = vec![append("profile-changed"), write];
    store.commit(AT, "admin".into(), writes).await.map(drop)
}

/// Expects that the profile is refused, and that nothing of it happens.
async fn is_refused(store: &dyn TenantStorage, profile: &Value) -> Checked {
    let head = store.head().await;
    let Err(refused) = configure(store, profile).await else {
        return Err(Broken::new("expected: it is refused; it succeeded"));
    };
    let (write, reason) = (refused.write, refused.reason);
    let is_told = matches!(&reason, Refusal::Invalid(text) if text.contains("access-tokens[0]"));
    check!(write == 1 && is_told, "{write}: {reason:?}");
    check_eq!(store.head().await, head);
    Ok(())
}

pub async fn an_issuer_and_audience_are_one_tenants(database: Arc<dyn Database>) -> Checked {
    let (acme, other) = (tenant(&*database, "acme").await?, tenant(&*database, "other").await?);
    let ours = profile("https://a.example", "scim", json!({}));
    configure(&*acme, &ours).await.or_broken("it is free")?;
    is_refused(&*other, &ours).await?;
    for free in [
        profile("https://a.example", "scim2", json!({})),
        profile("https://b.example", "scim", json!({})),
    ] {
        configure(&*other, &free).await.or_broken("it is free")?;
    }
    // A name may be written otherwise, and still be the same.
    let text = ours.to_string().replace("access-tokens", r"access\u002dtokens");
    let escaped = Draft { body: text, ..draft(&ours) };
    let version = version(&*other, key("$profile", "current")).await?;
    let (_, reason) = refused(&*other, vec![replace(escaped, version)]).await?;
    check!(matches!(reason, Refusal::Invalid(_)), "{reason:?}");
    // Its own does not stand in a tenant's way, nor does one that was given up, or whose tenant is
    // gone.
    configure(&*acme, &ours).await.or_broken("it is its own")?;
    configure(&*acme, &json!({"extends": "default"})).await.or_broken("it is free")?;
    configure(&*other, &ours).await.or_broken("it is given up")?;
    database.delete_tenant("other").await.or_broken("it is deleted")?;
    configure(&*acme, &ours).await.or_broken("its tenant is gone")?;
    Ok(())
}

pub async fn a_claim_tells_tenants_apart(database: Arc<dyn Database>) -> Checked {
    let (acme, other) = (tenant(&*database, "acme").await?, tenant(&*database, "other").await?);
    let with = |claims: Value| profile("https://a.example", "scim", claims);
    configure(&*acme, &with(json!({"tid": "1", "role": "x"}))).await.or_broken("it is free")?;
    for same in
        [json!({}), json!({"tid": "1"}), json!({"org": "2"}), json!({"org": "2", "role": "x"})]
    {
        is_refused(&*other, &with(same)).await?;
    }
    for another in [json!({"tid": "2"}), json!({"tid": "1", "role": "y"})] {
        configure(&*other, &with(another)).await.or_broken("a claim tells them apart")?;
    }
    Ok(())
}

pub async fn one_of_many_gets_an_issuer(database: Arc<dyn Database>) -> Checked {
    let ours = profile("https://a.example", "scim", json!({}));
    let mut stores = Vec::new();
    for number in 0..8 {
        stores.push(tenant(&*database, &format!("t{number}")).await?);
    }
    let mut configuring = JoinSet::new();
    for store in stores {
        let ours = ours.clone();
        configuring.spawn(async move { configure(&*store, &ours).await });
    }
    let done = configuring.join_all().await.into_iter();
    let (good, bad): (Vec<_>, Vec<_>) = done.partition(Result::is_ok);
    check_eq!(good.len(), 1, "{bad:?}");
    let is_invalid = |outcome: &Result<(), Rejection>| {
        matches!(outcome, Err(Rejection { reason: Refusal::Invalid(_), .. }))
    };
    check!(bad.iter().all(is_invalid), "{bad:?}");
    Ok(())
}
