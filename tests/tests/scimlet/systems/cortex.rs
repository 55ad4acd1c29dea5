//! `cortex`: off until an administrator turns it on, keys bound to roles, only names can change.

use anyhow::ensure;
use scimlet_tests::client::text;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::cognism::refuses_everything;
use super::okta::Okta;
use super::product::Product;
use super::story::{self, Life, Way};
use super::{Section, cortex_leaving as leaving};

pub(super) fn section() -> Section {
    Section::new("cortex")
        .bullet("CX-1", "Bearer API key, shown once", key)
        .bullet("CX-2", "SCIM is off until an administrator", off)
        .bullet("CX-3", "IP allow-list of single addresses", network)
        .bullet("CX-4", "The user name is the e-mail address", names)
        .bullet("CX-5", "Reactivation only through PUT", reactivation)
        .bullet("CX-6", "Create, import (list with paging)", sync)
        .bullet("CX-7", "New users get a default role", roles)
        .bullet("CX-8", "Deprovisioning removes the user's roles", leaving::effects)
        .bullet("CX-9", "Deprovisioned users disappear from", leaving::members)
        .bullet("CX-10", "When the same e-mail address is", leaving::references)
        .story(whole_life)
}

/// The product with SCIM turned on.
fn enabled() -> anyhow::Result<Product> {
    let product = Product::of("cortex")?;
    product.run("tenant set TENANT enabled=true")?;
    Ok(product)
}

const CREATE: &str = "credential create TENANT --role admin";

/// Returns the product with SCIM turned on, and Okta with an administrator's key.
pub(super) fn connected() -> anyhow::Result<(Product, Okta)> {
    let product = enabled()?;
    let okta = product.okta(CREATE)?;
    Ok((product, okta))
}

async fn key() -> anyhow::Result<()> {
    let product = enabled()?;
    let issued = product.run(CREATE)?;
    Okta::new(&issued)?.test_credentials().await?;
    let shown = product.run("credential list TENANT")?.to_string();
    ensure!(!shown.contains(text(&issued, "secret")?), "{shown}");
    product.refused("credential create TENANT --role admin --scheme basic")?;
    let unbound = product.okta("credential create TENANT")?;
    refuses_everything(&unbound, &["configure-openid-connect-and-scim"]).await?;

    let needed = ["configure-openid-connect-and-scim", "edit-roles", "manage-identity-mappings"];
    for lacking in needed {
        let others: Vec<_> = needed.iter().filter(|name| **name != lacking).collect();
        let role = json!({ "permissions": others });
        product.run(&format!("tenant set TENANT roles.some={role}"))?;
        let okta = product.okta("credential create TENANT --role some")?;
        okta.get("/Users").await?.refusal(403, &[lacking])?;
    }
    let role = json!({ "permissions": needed });
    product.run(&format!("tenant set TENANT roles.some={role}"))?;
    let okta = product.okta("credential create TENANT --role some")?;
    okta.test_credentials().await
}

async fn off() -> anyhow::Result<()> {
    let product = Product::of("cortex")?;
    let okta = product.okta(CREATE)?;
    refuses_everything(&okta, &[]).await?;
    product.run("tenant set TENANT enabled=true")?;
    okta.test_credentials().await?;
    product.run("tenant set TENANT enabled=false")?;
    refuses_everything(&okta, &[]).await
}

async fn network() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    okta.test_credentials().await?;
    for (allowed, lets_in) in [
        (r#"["127.0.0.1"]"#, true),
        (r#"["192.0.2.7","127.0.0.0/8"]"#, true),
        (r#"["192.0.2.7","198.51.100.0/24"]"#, false),
        (r#"["2001:db8::/32","::1"]"#, false),
        (r#"["::ffff:127.0.0.0/104"]"#, true),
        ("[]", true),
    ] {
        product.run(&format!("tenant set TENANT network.allow={allowed}"))?;
        match lets_in {
            true => okta.test_credentials().await?,
            false => refuses_everything(&okta, &["127.0.0.1"]).await?,
        }
    }
    by_version_6(&product, &okta).await
}

/// A client that comes by IPv6, where this machine knows it.
async fn by_version_6(product: &Product, okta: &Okta) -> anyhow::Result<()> {
    let Ok(server) = product.serve_on("[::1]:0") else {
        return Ok(());
    };
    let okta = okta.at(&server.base("cortex"));
    for (allowed, status) in [("[\"::/64\"]", 200), ("[\"::1\"]", 200), ("[\"127.0.0.0/8\"]", 403)]
    {
        product.run(&format!("tenant set TENANT network.allow={allowed}"))?;
        okta.get("/Users").await?.expect(status)?;
    }
    Ok(())
}

async fn names() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let refused = okta.create("ada").await?;
    let error = refused.refusal(400, &["userName"])?;
    ensure!(error["scimType"] == "invalidValue", "{error}");

    let id = okta.created("ada@example.com").await?;
    let mut expected = okta.user(&id).await?;
    let name = json!({"givenName": "Ada", "familyName": "King"});
    let email = json!([{"primary": true, "value": "ada@example.org", "type": "work"}]);
    let changes = json!({
        "name": {"givenName": "Ada", "familyName": "King", "honorificPrefix": "Lady"},
        "userName": "ada@example.org",
        "emails": email,
        "displayName": "Ada",
        "title": "Countess",
    });
    let changed = okta.update(&id, changes).await?.expect(200)?;
    for member in ["name", "meta"] {
        expected[member] = changed[member].clone();
    }
    ensure!(changed["name"] == name, "{changed}");
    ensure!(changed == expected, "{changed}, not {expected}");
    let target = format!("/Users/{id}");
    let operations = json!([{"op": "replace", "value": {"displayName": "Ada", "title": "Lady"}}]);
    ensure!(okta.change(&target, operations.clone()).await?.expect(200)? == expected);
    let notes = product.notes("policy")?;
    for ignored in ["userName", "emails", "displayName", "title", "name.honorificPrefix"] {
        let noted = notes.iter().any(|note| mentions(note, ignored));
        ensure!(noted, "no word of `{ignored}`: {notes:?}");
    }

    product.run("tenant set TENANT attributes.refused-change=\"refuse\"")?;
    okta.change(&target, operations).await?.refusal(400, &["displayName"])?;
    let refused = okta.update(&id, json!({"userName": "ada@example.org"})).await?;
    let error = refused.refusal(400, &["userName"])?;
    ensure!(error["scimType"] == "mutability", "{error}");
    let log = product.log()?;
    let noted = log.lines().any(|line| mentions(line, "400"));
    ensure!(noted, "no word of the refusal: {log}");
    let name = json!({"givenName": "Augusta", "familyName": "King"});
    okta.update(&id, json!({ "name": name })).await?.expect(200)?;
    ensure!(okta.user(&id).await?["name"] == name);
    Ok(())
}

async fn reactivation() -> anyhow::Result<()> {
    let (_product, okta) = connected()?;
    let id = okta.created("ada@example.com").await?;
    okta.deactivate(&id).await?;
    let refused = okta.activate(&id, true).await?;
    let error = refused.refusal(400, &["active", "PATCH", "PUT"])?;
    ensure!(error["scimType"] == "mutability", "{error}");
    ensure!(okta.user(&id).await?["active"] == false);
    let user = okta.update(&id, json!({"active": true})).await?.expect(200)?;
    ensure!(user["active"] == true, "{user}");
    Ok(())
}

async fn sync() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let names: Vec<String> = (1..=5).map(|n| format!("user{n}@example.com")).collect();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(okta.created(name).await?);
    }
    let group = okta.push("Staff", &[&ids[0], &ids[1]]).await?;
    let group = format!("/Groups/{group}");
    let imported = okta.import().await?;
    let found: Vec<&Value> = imported.iter().map(|user| &user["userName"]).collect();
    ensure!(json!(found) == json!(names), "{found:?}");
    let before = okta.get(&group).await?;
    let events = product.events().await?.len();
    resync(&okta, &imported, &names).await?;
    let again = okta.send("PUT", &group, &before.expect(200)?).await?;
    ensure!(again.expect(200)? == before.expect(200)?, "{again:?}");
    ensure!(okta.import().await? == imported, "something has changed");
    ensure!(okta.get(&group).await?.header("etag") == before.header("etag"));
    let now = product.events().await?.len();
    ensure!(now == events, "{} events of nothing", now - events);
    okta.deactivate(&ids[0]).await?;
    okta.delete(&ids[1]).await?;
    let gone = okta.get(&format!("/Users/{}", ids[1])).await?;
    gone.refusal(404, &[&ids[1]]).map(drop)
}

/// Sends each user once more: as Okta read it, as Okta made it, and by PATCH.
async fn resync(okta: &Okta, people: &[Value], names: &[String]) -> anyhow::Result<()> {
    for (user, name) in people.iter().zip(names) {
        let id = text(user, "id")?;
        let target = format!("/Users/{id}");
        okta.update(id, json!({})).await?.expect(200)?;
        let anew = super::okta::person(name);
        let same = okta.send("PUT", &target, &anew).await?.expect(200)?;
        ensure!(same == *user, "{same}, not {user}");
        okta.activate(id, true).await?.expect(200)?;
    }
    Ok(())
}

async fn roles() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let ada = okta.created("ada@example.com").await?;
    ensure!(product.view(&ada)?["roles"] == json!(["viewer"]));
    product.run("tenant set TENANT users.default-roles=[\"editor\"]")?;
    let bob = okta.created("bob@example.com").await?;
    ensure!(product.view(&bob)?["roles"] == json!(["editor"]));
    ensure!(product.view(&ada)?["roles"] == json!(["viewer"]));
    Ok(())
}

async fn whole_life() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let life = Life { removal_keeps: false, reactivation: Way::Put };
    story::tell(&product, &okta, life).await
}
