//! `cognism`: one bearer token, people known by their e-mail address, seats.

use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use scimlet_tests::client::{text, together};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::okta::{Okta, person};
use super::product::Product;
use super::story::{self, Life, Way};
use super::{Section, cognism_seats as seats};

pub(super) fn section() -> Section {
    Section::new("cognism")
        .bullet("CG-1", "Bearer token made by a user in the product", token)
        .bullet("CG-2", "Gates", gates)
        .bullet("CG-3", "Token and tenant URL come from", console)
        .bullet("CG-4", "The user name is the e-mail address", name)
        .bullet("CG-5", "Create *or link*", link)
        .bullet("CG-6", "Okta alone is supported", okta_alone)
        .bullet("CG-7", "Attribute updates overwrite", updates)
        .bullet("CG-8", "Deactivation arrives as PATCH", deactivation)
        .bullet("CG-9", "Reactivation from Okta or", reactivation)
        .bullet("CG-10", "Seats are limited", seats::limited)
        .bullet("CG-11", "Pushed groups are created", seats::groups)
        .bullet("CG-12", "No paging is documented", off)
        .story(whole_life)
}

/// The product with its gates met.
pub(super) fn product() -> anyhow::Result<Product> {
    let product = Product::of("cognism")?;
    product
        .run("tenant set TENANT gates.enterprise-plan.met=true gates.single-sign-on.met=true")?;
    Ok(product)
}

/// Returns the product with its gates met, and Okta with a token.
pub(super) fn connected() -> anyhow::Result<(Product, Okta)> {
    let product = product()?;
    let okta = product.okta("credential create TENANT")?;
    Ok((product, okta))
}

async fn token() -> anyhow::Result<()> {
    let product = product()?;
    let issued = product.run("credential create TENANT")?;
    ensure!(issued["scheme"] == "bearer", "{issued}");
    let times = ["expires", "created"].map(|name| issued[name].as_u64().unwrap_or_default());
    ensure!(times[0] - times[1] == 600 * 24 * 60 * 60, "{issued}");
    let shown = product.run("credential list TENANT")?.to_string();
    ensure!(!shown.contains(text(&issued, "secret")?), "{shown}");
    product.refused("credential create TENANT --scheme basic")?;

    let first = Okta::new(&issued)?;
    first.test_credentials().await?;
    let second = product.okta("credential create TENANT --lifetime 2s")?;
    second.test_credentials().await?;
    let refused = first.get("/Users").await?.refusal(401, &[])?;

    let begun = Instant::now();
    while second.get("/Users").await?.status == 200 {
        ensure!(begun.elapsed() < Duration::from_secs(20), "no expiry");
    }
    for target in ["/Users", "/Groups", "/Schemas"] {
        // Who knows the secret is told more than anybody.
        let expired = second.get(target).await?.refusal(401, &[])?;
        ensure!(expired["detail"] != refused["detail"], "{expired}");
    }
    second.create("ada@example.com").await?.refusal(401, &[])?;
    let third = product.run("credential create TENANT")?;
    Okta::new(&third)?.test_credentials().await?;
    product.run(&format!("credential revoke TENANT {}", text(&third, "id")?))?;
    one_of_many(&product).await
}

/// Of several tokens that are made at the same time only one is good.
async fn one_of_many(product: &Product) -> anyhow::Result<()> {
    let made = (0..4).map(|_| product.spawn("credential create TENANT"));
    let made = made.collect::<anyhow::Result<Vec<_>>>()?;
    let ended = made.into_iter().map(Child::wait_with_output);
    let mut good = 0;
    for output in ended.collect::<Result<Vec<_>, _>>()? {
        let okta = Okta::new(&serde_json::from_slice(&output.stdout)?)?;
        good += usize::from(okta.get("/Users").await?.status == 200);
    }
    ensure!(good == 1, "{good} tokens are good");
    Ok(())
}

async fn gates() -> anyhow::Result<()> {
    let product = Product::of("cognism")?;
    let okta = product.okta("credential create TENANT")?;
    refuses_everything(&okta, &["enterprise-plan"]).await?;
    product.run("tenant gate TENANT enterprise-plan met")?;
    refuses_everything(&okta, &["single-sign-on"]).await?;
    product.run("tenant gate TENANT single-sign-on met")?;
    okta.test_credentials().await?;
    product.run("tenant gate TENANT enterprise-plan unmet")?;
    refuses_everything(&okta, &["enterprise-plan"]).await
}

/// Expects that every request is refused with 403, and that the error names these.
pub(super) async fn refuses_everything(okta: &Okta, names: &[&str]) -> anyhow::Result<()> {
    for target in ["/Users", "/Groups/1", "/ServiceProviderConfig", "/Schemas"] {
        okta.get(target).await?.refusal(403, names)?;
    }
    okta.create("ada@example.com").await?.refusal(403, names)?;
    okta.activate("1", false).await?.refusal(403, names)?;
    for (method, target) in [("PUT", "/Users/1"), ("DELETE", "/Users/1"), ("POST", "/Bulk")] {
        let answer = okta.send(method, target, &json!({})).await?;
        answer.refusal(403, names)?;
    }
    Ok(())
}

async fn console() -> anyhow::Result<()> {
    let product = product()?;
    let issued = product.run("credential create TENANT")?;
    let tenant = product.run("tenant show TENANT")?;
    let url = text(&issued, "url")?;
    ensure!(tenant["url"] == url && url.starts_with(product.url()), "{url}");
    Okta::new(&issued)?.test_credentials().await
}

async fn name() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    product.run("tenant set TENANT users.seats=3")?;
    let answer = okta.create("ada").await?;
    let error = answer.refusal(400, &["userName"])?;
    ensure!(error["scimType"] == "invalidValue", "{error}");

    let known = okta.created("ada@example.com").await?;
    let fork = fork(&okta, &known, json!({"userName": "ada@example.org"})).await?;
    let old = okta.user(&known).await?;
    ensure!(old["userName"] == "ada@example.com" && old["active"] == true, "{old}");
    ensure!(okta.user(&fork).await?["userName"] == "ada@example.org");
    ensure!(product.view(&fork)?["forkedFrom"] == known);
    ensure!(product.view(&known)?["forkedFrom"].is_null());

    // The same change again is the same user.
    let again = okta.update(&known, json!({"userName": "ada@example.org"}));
    ensure!(again.await?.expect(200)?["userName"] == "ada@example.org");
    okta.created("bob@example.com").await?;
    let refused = okta.update(&known, json!({"userName": "ada@example.net"}));
    refused.await?.refusal(403, &[])?;

    okta.deactivate(&known).await?;
    for id in [&known, &fork] {
        ensure!(okta.user(id).await?["active"] == false, "{id} has access");
    }
    nobody_keeps_access(&product, &okta).await
}

/// No record of a renamed user keeps access when Okta deactivates the user, even if the product or
/// the renaming request has deactivated one of the two records already.
async fn nobody_keeps_access(product: &Product, okta: &Okta) -> anyhow::Result<()> {
    let known = okta.created("cy@example.com").await?;
    let renamed = fork(okta, &known, json!({"userName": "cy@example.org"})).await?;
    product.run(&format!("user deactivate TENANT {known}"))?;
    ensure!(okta.user(&renamed).await?["active"] == true);
    okta.deactivate(&known).await?;
    ensure!(okta.user(&renamed).await?["active"] == false);

    let known = okta.created("di@example.com").await?;
    let changes = json!({"userName": "di@example.org", "active": false});
    let renamed = fork(okta, &known, changes).await?;
    for id in [&known, &renamed] {
        ensure!(okta.user(id).await?["active"] == false, "{id} has access");
    }

    let known = okta.created("ed@example.com").await?;
    let renamed = fork(okta, &known, json!({"userName": "ed@example.org"})).await?;
    let changes = json!({"userName": "ed@example.org", "active": false});
    fork(okta, &known, changes).await?;
    for id in [&known, &renamed] {
        ensure!(okta.user(id).await?["active"] == false, "{id} has access");
    }
    Ok(())
}

/// Changes a user's name at the id that Okta knows; returns the id of the new record.
async fn fork(okta: &Okta, known: &str, changes: Value) -> anyhow::Result<String> {
    let answer = okta.update(known, changes.clone()).await?;
    let user = answer.expect(200)?;
    ensure!(user["id"] == known, "{user}");
    ensure!(user["userName"] == changes["userName"], "{user}");
    let place = answer.header("content-location").context("no place")?;
    let (_, fork) = place.rsplit_once('/').context("no id")?;
    ensure!(fork != known, "{place} is the old record");
    Ok(fork.to_owned())
}

async fn link() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let [id] = &product.import(&["ada@example.com"])?[..] else {
        anyhow::bail!("not one user");
    };
    ensure!(product.view(id)?["provisioned"] == false);
    let linked = okta.create("Ada@example.com").await?.expect(201)?;
    ensure!(linked["id"] == **id && linked["displayName"] == "Test User", "{linked}");
    ensure!(linked["externalId"] == "00u-Ada@example.com", "{linked}");
    ensure!(product.view(id)?["provisioned"] == true);
    ensure!(okta.matches("ada@example.com").await?.len() == 1);
    // Once is enough, and never against the profile.
    okta.create("ada@example.com").await?.refusal(409, &["userName"])?;
    product.import(&["bob@example.com"])?;
    product.run("tenant set TENANT users.existing=\"refuse\"")?;
    okta.create("bob@example.com").await?.refusal(409, &["userName"])?;
    Ok(())
}

async fn okta_alone() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    let group = okta.push("Sales", &[]).await?;
    okta.rename(&group, "Presales").await?;
    let rewritten = product.notes("dialect")?;
    ensure!(rewritten.iter().any(|note| mentions(note, "readonly-id-in-patch")), "{rewritten:?}");
    // Entra ID's requests are read by the RFC alone, whoever sends them.
    let entra = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let target = format!("/Users/{id}");
    okta.change(&target, entra).await?.refusal(400, &[])?;
    let other = okta.calling_itself("Microsoft-SCIM/1.0");
    ensure!(other.deactivate(&id).await?["active"] == false);
    Ok(())
}

async fn updates() -> anyhow::Result<()> {
    let (_product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    let name = json!({"givenName": "Ada", "familyName": "King"});
    let changes = json!({"name": name, "displayName": "Ada", "title": "Countess", "locale": null});
    okta.update(&id, changes).await?.expect(200)?;
    let user = okta.user(&id).await?;
    ensure!(user["name"] == name && user["title"] == "Countess", "{user}");
    ensure!(user["displayName"] == "Ada" && user["locale"].is_null(), "{user}");
    let group = okta.push("Sales", &[&id]).await?;
    ensure!(okta.members(&group).await? == [id.as_str()]);
    ensure!(okta.user(&id).await?["groups"][0]["value"] == group);
    okta.leave(&group, &id).await?.expect(200)?;
    ensure!(okta.members(&group).await?.is_empty());
    ensure!(okta.rename(&group, "Presales").await?["displayName"] == "Presales");
    ensure!(okta.deactivate(&id).await?["active"] == false);
    Ok(())
}

async fn deactivation() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    let before = okta.user(&id).await?;
    let mut after = okta.deactivate(&id).await?;
    let told = product.told(&id).await?;
    ensure!(told.contains(&"suspend-login".to_owned()), "{told:?}");
    for name in ["active", "meta"] {
        after[name] = before[name].clone();
    }
    ensure!(after == before, "{after} after {before}");
    // No request of SCIM erases, nor does the product while it deactivates.
    okta.delete(&id).await?;
    okta.get(&format!("/Users/{id}")).await?.refusal(404, &[&id])?;
    let kept = product.run(&format!("user show TENANT {id}"))?;
    ensure!(kept["displayName"] == "Test User", "{kept}");
    let told = product.told(&id).await?;
    ensure!(!told.contains(&"delete-saved-data".to_owned()), "{told:?}");
    product.run(&format!("user erase TENANT {id}"))?;
    okta.get(&format!("/Users/{id}")).await?.refusal(404, &[&id])?;
    let told = product.told(&id).await?;
    ensure!(told.contains(&"delete-saved-data".to_owned()), "{told:?}");
    Ok(())
}

async fn reactivation() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    okta.deactivate(&id).await?;
    ensure!(okta.activate(&id, true).await?.expect(200)?["active"] == true);
    okta.deactivate(&id).await?;
    product.run(&format!("user reactivate TENANT {id}"))?;
    ensure!(okta.user(&id).await?["active"] == true);
    let told = product.told(&id).await?;
    let restored = told.iter().filter(|name| *name == "restore-login").count();
    ensure!(restored == 2, "{told:?}");
    Ok(())
}

async fn off() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let config = okta.get("/ServiceProviderConfig").await?.expect(200)?;
    ensure!(config["pagination"]["cursor"] != true, "{config}");
    let list = okta.get("/Users?count=1").await?;
    let limits = list.headers.iter().map(|(name, _)| name);
    ensure!(!limits.clone().any(|name| name.contains("ratelimit")), "{list:?}");
    let page = okta.get("/Users?cursor&count=1").await?;
    ensure!(page.status == 400 || page.expect(200)?["nextCursor"].is_null());
    product.run(
        "tenant set TENANT paging.cursor=true rate={\"requests-per-second\":900,\"headers\":true}",
    )?;
    let config = okta.get("/ServiceProviderConfig").await?.expect(200)?;
    ensure!(config["pagination"]["cursor"] == true, "{config}");
    let list = okta.get("/Users").await?;
    let told = list.header("ratelimit-policy").is_some();
    ensure!(told, "{:?}", list.headers);
    Ok(())
}

async fn whole_life() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let life = Life { removal_keeps: true, reactivation: Way::Patch };
    story::tell(&product, &okta, life).await
}

/// Creates users of these names at the same time; returns how many were created. The others were
/// refused with 403.
pub(super) async fn seated(okta: &Okta, names: &[String]) -> anyhow::Result<usize> {
    let creates = names.iter().map(|name| {
        let (okta, body) = (okta.clone(), person(name));
        async move { okta.send("POST", "/Users", &body).await }
    });
    let answers = together(creates).await?;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    for answer in refused {
        answer.refusal(403, &[])?;
    }
    Ok(made.len())
}
