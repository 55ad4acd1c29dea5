//! Behaviour that all four systems imply.

use std::time::{Duration, Instant};

use anyhow::ensure;
use scimlet::clock::now;
use scimlet_tests::client::text;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::okta::Okta;
use super::product::Product;
use super::{Section, cognism, cortex};

pub(super) fn section() -> Section {
    Section::new("What all of them imply")
        .bullet("ALL-1", "Inactive users stay findable", findable)
        .bullet("ALL-2", "Tokens: kept only as digests", tokens)
        .bullet("ALL-3", "Every answer to a client that was refused", refusals)
}

async fn findable() -> anyhow::Result<()> {
    let cyolo = Product::of("cyolo")?;
    let pair = cyolo.okta("identity-provider add TENANT Okta --auto-provisioning")?;
    let keepnet = Product::of("keepnet")?;
    keepnet.run("tenant gate TENANT getting-started met")?;
    let token = keepnet.okta("credential create TENANT")?;
    let systems = [cognism::connected()?, (cyolo, pair), (keepnet, token), cortex::connected()?];
    for (_product, okta) in &systems {
        let id = okta.created("ada@example.com").await?;
        okta.deactivate(&id).await?;
        let found = okta.matches("ADA@example.com").await?;
        ensure!(found.len() == 1 && found[0]["id"] == *id, "{found:?}");
        ensure!(found[0]["active"] == false, "{found:?}");
        let listed = okta.import().await?;
        ensure!(listed == found, "{listed:?}");
        let refused = okta.create("ada@example.com").await?;
        refused.refusal(409, &["userName"])?;
    }
    Ok(())
}

async fn tokens() -> anyhow::Result<()> {
    let product = cognism::product()?;
    let before = now() / 1000;
    let issued = product.run("credential create TENANT --label Okta")?;
    let okta = Okta::new(&issued)?;
    okta.test_credentials().await?;
    let id = text(&issued, "id")?;
    let listed = || anyhow::Ok(product.run("credential list TENANT")?[0].take());
    let shown = listed()?;
    ensure!(shown["label"] == "Okta" && shown["revoked"].is_null(), "{shown}");
    for time in ["created", "expires", "lastUsed"] {
        let given = shown[time].as_u64().unwrap_or_default();
        // The last use is known to the hour.
        let within = if time == "lastUsed" { 3600 } else { 1 };
        ensure!(given + within >= before, "{time}: {shown}");
    }
    digests(&product, okta.secret())?;

    let rotated = product.okta(&format!("credential rotate TENANT {id}"))?;
    okta.get("/Users").await?.refusal(401, &[])?;
    rotated.test_credentials().await?;
    product.run("tenant set TENANT credentials.overlap=\"1h\"")?;
    let again = product.okta(&format!("credential rotate TENANT {id}"))?;
    rotated.test_credentials().await?;
    again.test_credentials().await?;
    product.run(&format!("credential revoke TENANT {id}"))?;
    for okta in [&rotated, &again] {
        okta.get("/Users").await?.refusal(401, &[])?;
    }
    ensure!(listed()?["revoked"].is_u64());
    digests(&product, again.secret())?;

    let last = product.run("credential create TENANT --lifetime 10d")?;
    announced(&product, text(&last, "id")?).await
}

/// No file of the product holds the secret, nor the part of it that is random.
fn digests(product: &Product, secret: &str) -> anyhow::Result<()> {
    let random = secret.rsplit('_').next().unwrap_or(secret).as_bytes();
    for file in std::fs::read_dir(product.folder())? {
        let path = file?.path();
        let bytes = std::fs::read(&path)?;
        let holds = bytes.windows(random.len()).any(|part| part == random);
        ensure!(!holds, "{} holds a secret", path.display());
    }
    Ok(())
}

/// A server says ahead that a credential will expire: this one within the fortnight that the
/// profile names.
async fn announced(product: &Product, id: &str) -> anyhow::Result<()> {
    let _server = product.serve_on("127.0.0.1:0")?;
    let begun = Instant::now();
    loop {
        let told = product.told(id).await?;
        match &told[..] {
            [] => ensure!(begun.elapsed() < Duration::from_secs(60), "no notice"),
            [one] if one == "credential-expiring" => return Ok(()),
            other => anyhow::bail!("{other:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn refusals() -> anyhow::Result<()> {
    let (product, okta) = cortex::connected()?;
    let id = okta.created("ada@example.com").await?;
    let user = format!("/Users/{id}");
    let unknown = json!([{"op": "replace", "path": "members", "value": [{"value": "nobody"}]}]);
    let group = okta.push("Team", &[]).await?;
    let group = format!("/Groups/{group}");
    let cases = [
        (okta.create("ada@example.com").await?, 409, "uniqueness", "userName"),
        (okta.get("/Users/nobody").await?, 404, "", "nobody"),
        (okta.get("/Users?filter=userName%20eq").await?, 400, "invalidFilter", "11"),
        (okta.change(&group, unknown).await?, 400, "invalidValue", "nobody"),
        (okta.send("PUT", &user, &Value::Null).await?, 400, "invalidSyntax", "JSON"),
        (okta.send("POST", &user, &json!({})).await?, 405, "", "PUT"),
    ];
    for (answer, status, scim_type, name) in cases {
        let error = answer.refusal(status, &[name])?;
        ensure!(error["scimType"].as_str().unwrap_or_default() == scim_type, "{error}");
    }
    // Who has no good credential learns nothing; the operator does.
    let wrong = okta.secret().replace("scimlet_", "scimlet_x");
    let url = product.run("tenant show TENANT")?["url"].take();
    let guess = Okta::new(&json!({"url": url, "secret": wrong}))?;
    let guessed = guess.get("/Users").await?.refusal(401, &[])?;
    let list = product.run("credential list TENANT")?;
    let id = text(&list[0], "id")?;
    product.run(&format!("credential revoke TENANT {id}"))?;
    let revoked = okta.get("/Users").await?.refusal(401, &[])?;
    ensure!(revoked == guessed, "{revoked}, not {guessed}");
    let notes = product.notes("access")?;
    ensure!(notes.len() == 2 && !mentions(&notes[0], id) && mentions(&notes[1], id), "{notes:?}");
    Ok(())
}
