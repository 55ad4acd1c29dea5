//! Two tenants never take each other's access tokens: a profile that has an issuer and audience of
//! another tenant's is refused, unless a claim tells them apart.

use std::sync::Arc;

use scimlet::store::{Database, Draft, Refusal, Rejection, Store, TenantStorage};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::kit::*;

/// A profile that takes tokens of this issuer for this audience, with these claims.
fn profile(issuer: &str, audience: &str, claims: Value) -> Value {
    let issuer = json!({"issuer": issuer, "audience": audience, "keys": [], "claims": claims});
    json!({"extends": "default", "credentials": {"access-tokens": [issuer]}})
}

fn draft(profile: &Value) -> Draft {
    Draft { key: key("$profile", "current"), body: profile.to_string(), terms: Vec::new() }
}

async fn tenant(database: &dyn Database, name: &str) -> Arc<dyn TenantStorage> {
    database.create_tenant(name, AT).await.expect("it is made");
    let store = database.open(name).await.expect("open succeeds");
    store.expect("the tenant is there")
}

async fn configure(store: &dyn Store, profile: &Value) -> Result<(), Rejection> {
    let [entry] = <[_; 1]>::try_from(
        store.get(vec![key("$profile", "current")]).await.expect("get succeeds"),
    )
    .expect("one key, one entry");
    let write = match entry {
        None => insert(draft(profile)),
        Some(entry) => replace(draft(profile), entry.version),
    };
    let writes = vec![append("profile-changed"), write];
    store.commit(AT, "admin".into(), writes).await.map(drop)
}

/// Expects that the profile is refused, and that nothing of it happens.
async fn is_refused(store: &dyn TenantStorage, profile: &Value) {
    let head = store.head().await;
    let refused = configure(store, profile).await.expect_err("it is refused");
    let (write, reason) = (refused.write, refused.reason);
    let is_told = matches!(&reason, Refusal::Invalid(text) if text.contains("access-tokens[0]"));
    assert!(write == 1 && is_told, "{write}: {reason:?}");
    assert_eq!(store.head().await, head);
}

pub async fn an_issuer_and_audience_are_one_tenants(database: Arc<dyn Database>) {
    let (acme, other) = (tenant(&*database, "acme").await, tenant(&*database, "other").await);
    let ours = profile("https://a.example", "scim", json!({}));
    configure(&*acme, &ours).await.expect("it is free");
    is_refused(&*other, &ours).await;
    for free in [
        profile("https://a.example", "scim2", json!({})),
        profile("https://b.example", "scim", json!({})),
    ] {
        configure(&*other, &free).await.expect("it is free");
    }
    // A name may be written otherwise, and still be the same.
    let text = ours.to_string().replace("access-tokens", r"access\u002dtokens");
    let escaped = Draft { body: text, ..draft(&ours) };
    let version = version(&*other, key("$profile", "current")).await;
    let (_, reason) = refused(&*other, vec![replace(escaped, version)]).await;
    assert!(matches!(reason, Refusal::Invalid(_)), "{reason:?}");
    // Its own does not stand in a tenant's way, nor does one that was given up, or whose tenant is
    // gone.
    configure(&*acme, &ours).await.expect("it is its own");
    configure(&*acme, &json!({"extends": "default"})).await.expect("it is free");
    configure(&*other, &ours).await.expect("it is given up");
    database.delete_tenant("other").await.expect("it is deleted");
    configure(&*acme, &ours).await.expect("its tenant is gone");
}

pub async fn a_claim_tells_tenants_apart(database: Arc<dyn Database>) {
    let (acme, other) = (tenant(&*database, "acme").await, tenant(&*database, "other").await);
    let with = |claims: Value| profile("https://a.example", "scim", claims);
    configure(&*acme, &with(json!({"tid": "1", "role": "x"}))).await.expect("it is free");
    for same in
        [json!({}), json!({"tid": "1"}), json!({"org": "2"}), json!({"org": "2", "role": "x"})]
    {
        is_refused(&*other, &with(same)).await;
    }
    for another in [json!({"tid": "2"}), json!({"tid": "1", "role": "y"})] {
        configure(&*other, &with(another)).await.expect("a claim tells them apart");
    }
}

pub async fn one_of_many_gets_an_issuer(database: Arc<dyn Database>) {
    let ours = profile("https://a.example", "scim", json!({}));
    let mut stores = Vec::new();
    for number in 0..8 {
        stores.push(tenant(&*database, &format!("t{number}")).await);
    }
    let mut configuring = JoinSet::new();
    for store in stores {
        let ours = ours.clone();
        configuring.spawn(async move { configure(&*store, &ours).await });
    }
    let done = configuring.join_all().await.into_iter();
    let (good, bad): (Vec<_>, Vec<_>) = done.partition(Result::is_ok);
    assert_eq!(good.len(), 1, "{bad:?}");
    let is_invalid = |outcome: &Result<(), Rejection>| {
        matches!(outcome, Err(Rejection { reason: Refusal::Invalid(_), .. }))
    };
    assert!(bad.iter().all(is_invalid), "{bad:?}");
}
