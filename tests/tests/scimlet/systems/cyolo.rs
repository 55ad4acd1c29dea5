//! `cyolo`: HTTP Basic with a pair for each identity provider, the product's own attributes.

use anyhow::ensure;
use scimlet_tests::client::text;
use serde_json::json;

use super::Section;
use super::cognism::refuses_everything;
use super::okta::Okta;
use super::product::Product;
use super::story::{self, Life, Way};

pub(super) fn section() -> Section {
    Section::new("cyolo")
        .bullet("CY-1", "HTTP Basic: the Key is the user name", pair)
        .bullet("CY-2", "A SAML identity provider of Okta must exist", gate)
        .bullet("CY-3", "The tenant's name is part of the SCIM URL", url)
        .bullet("CY-4", "Create, update, deactivate; user attributes", users)
        .bullet("CY-5", "Okta's \"Test API Credentials\"", test)
        .story(whole_life)
}

const ADD: &str = "identity-provider add TENANT Okta --auto-provisioning";

fn connected() -> anyhow::Result<(Product, Okta)> {
    let product = Product::of("cyolo")?;
    let okta = product.okta(ADD)?;
    Ok((product, okta))
}

async fn pair() -> anyhow::Result<()> {
    let product = Product::of("cyolo")?;
    let issued = product.run(ADD)?;
    let secret = text(&issued, "secret")?;
    ensure!(issued["username"].is_string(), "{issued}");
    let okta = Okta::new(&issued)?;
    okta.test_credentials().await?;
    for list in ["identity-provider list TENANT", "credential list TENANT"] {
        let shown = product.run(list)?.to_string();
        ensure!(!shown.contains(secret), "{shown}");
    }
    product.refused(ADD)?;

    let other = "identity-provider add TENANT Backup --auto-provisioning";
    let other = product.run(other)?;
    ensure!(other["username"] != issued["username"], "{other}");
    Okta::new(&other)?.test_credentials().await?;
    okta.test_credentials().await?;
    let mixed = json!({
        "url": issued["url"], "username": issued["username"], "secret": other["secret"],
    });
    let mixed = Okta::new(&mixed)?.get("/Users").await?;
    mixed.refusal(401, &[])?;
    // Of a key that is used as a bearer token nothing is let in, and none can be made.
    let bearer = format!("{}_{secret}", text(&issued, "username")?);
    let bearer = Okta::new(&json!({"url": issued["url"], "secret": bearer}))?;
    bearer.get("/Users").await?.refusal(401, &[])?;
    product.refused("credential create TENANT --scheme bearer").map(drop)
}

async fn gate() -> anyhow::Result<()> {
    let product = Product::of("cyolo")?;
    let okta = product.okta("credential create TENANT --scheme basic")?;
    refuses_everything(&okta, &["identity-provider"]).await?;
    product.run("identity-provider add TENANT Okta")?;
    okta.test_credentials().await
}

async fn url() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let tenant = product.run("tenant show TENANT")?;
    let url = text(&tenant, "url")?;
    ensure!(url == format!("{}/cyolo/scim/v2", product.url()), "{url}");
    okta.at(url).test_credentials().await?;
    product.run("tenant create other --profile cyolo")?;
    let other = url.replace("/cyolo/", "/other/");
    let elsewhere = okta.at(&other).get("/Users").await?;
    elsewhere.refusal(401, &[]).map(drop)
}

async fn users() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    let name = json!({"givenName": "Ada", "familyName": "King"});
    okta.update(&id, json!({ "name": name })).await?.expect(200)?;
    let mut attributes = json!({
        "username": "ada@example.com",
        "first_name": "Ada",
        "last_name": "King",
        "display_name": "Test User",
        "email": "ada@example.com",
        "enabled": true,
    });
    ensure!(product.view(&id)?["attributes"] == attributes);
    attributes["enabled"] = false.into();
    okta.deactivate(&id).await?;
    ensure!(product.view(&id)?["attributes"] == attributes);
    okta.activate(&id, true).await?.expect(200)?;
    okta.delete(&id).await?;
    ensure!(product.view(&id)?["attributes"] == attributes);
    let gone = okta.get(&format!("/Users/{id}")).await?;
    gone.refusal(404, &[&id])?;
    // The product's own names are the profile's to choose.
    product.run("tenant set TENANT attributes.map={\"userName\":\"login.name\"}")?;
    let view = product.view(&id)?;
    ensure!(view["attributes"]["login"]["name"] == "ada@example.com", "{view}");
    Ok(())
}

async fn test() -> anyhow::Result<()> {
    let (_product, okta) = connected()?;
    okta.test_credentials().await
}

async fn whole_life() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let life = Life { removal_keeps: true, reactivation: Way::Patch };
    story::tell(&product, &okta, life).await
}
