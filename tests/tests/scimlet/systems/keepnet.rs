//! `keepnet`: bearer tokens on one shared URL, each with a target group.

use anyhow::ensure;
use scimlet_tests::client::text;
use serde_json::json;

use super::Section;
use super::cognism::refuses_everything;
use super::okta::Okta;
use super::product::Product;
use super::story::{self, Life, Way};

pub(super) fn section() -> Section {
    Section::new("keepnet")
        .bullet("KN-1", "Bearer token made on the platform", shared_url)
        .bullet("KN-2", "A \"getting started\" set of settings", gate)
        .bullet("KN-3", "Create, update, deactivate users", users)
        .bullet("KN-4", "Okta's test with the bearer-token", test)
        .bullet("KN-5", "Several SCIM settings per customer", settings)
        .story(whole_life)
}

/// The product after its getting started.
fn started() -> anyhow::Result<Product> {
    let product = Product::of("keepnet")?;
    product.run("tenant gate TENANT getting-started met")?;
    Ok(product)
}

/// A token on the URL that all customers share.
fn on_shared_url(product: &Product, create: &str) -> anyhow::Result<Okta> {
    Ok(product.okta(create)?.at(&format!("{}/scim", product.url())))
}

fn connected() -> anyhow::Result<(Product, Okta)> {
    let product = started()?;
    let okta = on_shared_url(&product, "credential create TENANT")?;
    Ok((product, okta))
}

async fn shared_url() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    product.refused("credential create TENANT --scheme basic")?;
    product.run("tenant create other --profile keepnet")?;
    product.run("tenant gate other getting-started met")?;
    let other = on_shared_url(&product, "credential create other")?;
    let ada = okta.created("ada@example.com").await?;
    let place = okta.user(&ada).await?;
    let place = text(&place["meta"], "location")?;
    ensure!(place == format!("{}/scim/Users/{ada}", product.url()), "{place}");
    // The same URL, and another customer.
    ensure!(other.matches("ada@example.com").await?.is_empty());
    other.created("ada@example.com").await?;
    let elsewhere = other.get(&format!("/Users/{ada}")).await?;
    elsewhere.refusal(404, &[&ada])?;
    let nobody = json!({"url": format!("{}/scim", product.url()), "secret": "guess"});
    let guess = Okta::new(&nobody)?.get("/Users").await?;
    guess.refusal(401, &[]).map(drop)
}

async fn gate() -> anyhow::Result<()> {
    let product = Product::of("keepnet")?;
    let okta = on_shared_url(&product, "credential create TENANT")?;
    refuses_everything(&okta, &["getting-started"]).await?;
    product.run("tenant gate TENANT getting-started met")?;
    okta.test_credentials().await
}

async fn users() -> anyhow::Result<()> {
    let (_product, okta) = connected()?;
    let ada = okta.created("ada@example.com").await?;
    let bob = okta.created("bob@example.com").await?;
    okta.update(&ada, json!({"title": "Countess"})).await?.expect(200)?;
    ensure!(okta.user(&ada).await?["title"] == "Countess");
    let group = okta.push("Staff", &[&ada]).await?;
    let operations = json!([{"op": "replace", "path": "members", "value": [{"value": bob}]}]);
    let target = format!("/Groups/{group}");
    okta.change(&target, operations).await?.expect(200)?;
    ensure!(okta.members(&group).await? == [bob.as_str()]);
    let value = json!({"members": [{"value": ada}, {"value": bob}]});
    okta.change(&target, json!([{"op": "replace", "value": value}])).await?.expect(200)?;
    ensure!(okta.members(&group).await?.len() == 2);
    ensure!(okta.deactivate(&bob).await?["active"] == false);
    okta.send("DELETE", &target, &json!(null)).await?.expect(204)?;
    ensure!(okta.user(&ada).await?["groups"].is_null());
    Ok(())
}

async fn test() -> anyhow::Result<()> {
    let (_product, okta) = connected()?;
    okta.test_credentials().await
}

async fn settings() -> anyhow::Result<()> {
    let product = started()?;
    let create = |group| format!("credential create TENANT --target-group {group}");
    let sales = on_shared_url(&product, &create("Sales"))?;
    let support = on_shared_url(&product, &create("Support"))?;
    for (okta, name, group) in
        [(&sales, "ada@example.com", "Sales"), (&support, "bob@example.com", "Support")]
    {
        let id = okta.created(name).await?;
        let user = okta.user(&id).await?;
        let groups = user["groups"].as_array().cloned().unwrap_or_default();
        ensure!(groups.len() == 1 && groups[0]["display"] == group, "{user}");
    }
    let list = product.run("credential list TENANT")?;
    let first = text(&list[0], "id")?;
    product.run(&format!("credential revoke TENANT {first}"))?;
    sales.get("/Users").await?.refusal(401, &[])?;
    support.test_credentials().await
}

async fn whole_life() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let life = Life { removal_keeps: true, reactivation: Way::Patch };
    story::tell(&product, &okta, life).await
}
