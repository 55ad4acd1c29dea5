//! All functions of `wit/admin.wit`, called through the module.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::{Call, Endpoint, TENANT};
use scimlet_tests::module::{Embedded, outcome};
use serde_json::{Value, json};

use super::{in_memory, trial};

const PROFILE: &str = r#"{
    "extends": "default",
    "users": {"seats": 5},
    "groups": {"assignments": true},
    "webhooks": [{
        "url": "https://hooks.example.com/scim",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    }]
}"#;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![trial("module::all_of_admin_is_reachable", all)]
}

/// A module, and which functions were called.
struct Product {
    module: Embedded,
    called: Mutex<BTreeSet<String>>,
}

impl Product {
    async fn result(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        self.called.lock().expect("nobody panics").insert(function.to_owned());
        self.module.call(&format!("admin.{function}"), arguments).await
    }

    async fn ask(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        outcome(self.result(function, arguments).await?).context(function.to_owned())
    }
}

async fn all() -> anyhow::Result<()> {
    let module = Embedded::new(in_memory().await?, PROFILE, true).await?;
    let product = Product { module, called: Mutex::default() };
    policy(&product).await?;
    credentials(&product).await?;
    people(&product).await?;
    groups(&product).await?;
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/admin.wit");
    let wit = fs::read_to_string(wit)?;
    let functions = wit.lines().filter_map(|line| line.trim().split_once(": func("));
    let functions: BTreeSet<String> = functions.map(|(name, _)| name.to_owned()).collect();
    let called = product.called.lock().expect("nobody panics").clone();
    ensure!(functions == called && called.len() > 20, "{functions:?}, but {called:?}");
    Ok(())
}

async fn policy(product: &Product) -> anyhow::Result<()> {
    let profile = product.ask("profile", json!({})).await?;
    ensure!(profile == json!([PROFILE, 1]), "{profile}");
    let version = product.ask("set", json!({"settings": [["users.seats", "3"]]})).await?;
    ensure!(version == json!(2), "{version}");
    let stale = json!({"profile": PROFILE, "expected": 1});
    let stale = product.result("configure", stale).await?;
    ensure!(stale == json!({"err": "stale"}), "{stale}");
    let current = json!({"profile": PROFILE, "expected": "2"});
    ensure!(product.ask("configure", current).await? == json!(3), "not version 3");
    let wrong = product.result("explain", json!({"profile": r#"{"extends": 1}"#})).await?;
    ensure!(wrong["ok"].is_string() || wrong["err"]["invalid"].is_string(), "{wrong}");
    let webhooks = product.ask("webhooks", json!({})).await?;
    let webhook = &webhooks[0];
    ensure!(webhook["url"] == json!("https://hooks.example.com/scim"), "{webhook}");
    ensure!(webhook["retry-seconds"].is_u64() && webhook["since"].is_u64(), "{webhook}");
    let next = product.ask("maintain", json!({})).await?;
    ensure!(next.is_u64() || next.is_null(), "{next}");
    Ok(())
}

async fn credentials(product: &Product) -> anyhow::Result<()> {
    let request = json!({
        "tenant": TENANT,
        "label": "Okta",
        "scheme": "bearer",
        "lifetime-seconds": "86400",
        "scopes": ["users", "read-only"],
    });
    let issued = product.ask("issue-credential", json!({"request": request})).await?;
    let credential = &issued["credential"];
    ensure!(credential["scopes"] == json!(["read-only", "users"]), "{credential}");
    ensure!(credential["target-group"].is_null() && credential["expires"].is_u64(), "{credential}");
    let id = json!({"id": credential["id"]});
    let rotated = product.ask("rotate-credential", id.clone()).await?;
    ensure!(rotated["secret"] != issued["secret"], "the same secret");
    ensure!(product.ask("revoke-credential", id).await?.is_null(), "not nothing");
    let all = product.ask("credentials", json!({})).await?;
    let all = all.as_array().context("no list")?;
    ensure!(all.len() == 2 && all[1]["revoked"].is_u64(), "{all:?}");
    let absent = product.result("rotate-credential", json!({"id": "absent"})).await?;
    ensure!(absent == json!({"err": "not-found"}), "{absent}");

    let added = json!({"tenant": TENANT, "name": "okta", "auto-provisioning": true});
    let added = product.ask("add-identity-provider", added).await?;
    ensure!(added["secret"].is_string(), "{added}");
    let known = product.ask("identity-providers", json!({})).await?;
    ensure!(known[0]["auto-provisioning"] == json!(true), "{known}");
    ensure!(known[0]["credential"] == added["credential"]["id"], "{known}");
    Ok(())
}

async fn people(product: &Product) -> anyhow::Result<()> {
    let user = |name: &str| {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        json!({"schemas": [schema], "userName": name}).to_string()
    };
    let documents =
        json!({"users": [user("ada@example.com"), user("ada@example.com"), user("bob")]});
    let imported = product.ask("import-users", documents).await?;
    ensure!(imported[1]["skipped"].is_string(), "{imported}");
    let (ada, bob) = (&imported[0]["made"], &imported[2]["made"]);
    let page = json!({"filter": "userName eq \"ada@example.com\"", "cursor": "", "count": 10});
    let page = document(&product.ask("users", page).await?)?;
    ensure!(page["Resources"][0]["id"] == *ada, "{page}");
    ensure!(product.ask("users", json!({"cursor": "", "count": 1})).await?.is_string(), "no page");
    product.ask("link-user", json!({"id": ada, "external-id": "00u1"})).await?;
    product.ask("assign-roles", json!({"user": ada, "roles": ["editor"]})).await?;
    product.ask("deactivate-user", json!({"id": ada})).await?;
    let inactive = document(&product.ask("user", json!({"id": ada})).await?)?;
    ensure!(inactive["active"] == json!(false) && inactive["externalId"] == "00u1", "{inactive}");
    product.ask("reactivate-user", json!({"id": ada})).await?;
    let reference = json!({"email": "ada@example.com", "kind": "dashboard", "id": "d1"});
    product.ask("add-reference", reference).await?;
    let references = product.ask("references", json!({"email": "ada@example.com"})).await?;
    ensure!(references[0]["user"] == *ada && references[0]["id"] == "d1", "{references}");
    product.ask("erase-user", json!({"id": bob})).await?;
    let erased = product.result("user", json!({"id": bob})).await?;
    ensure!(erased == json!({"err": "not-found"}), "{erased}");
    Ok(())
}

async fn groups(product: &Product) -> anyhow::Result<()> {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    let made = product.module.send(Call {
        method: "POST".into(),
        target: "/Groups".into(),
        headers: vec![
            ("authorization".into(), format!("Bearer {}", product.module.secret())),
            ("content-type".into(), "application/scim+json".into()),
        ],
        body: json!({"schemas": [schema], "displayName": "Engineering"}).to_string(),
    });
    let made: Value = serde_json::from_str(&made.await?.body)?;
    let given = json!({"group": "Engineering", "assignment": {"roles": ["viewer"]}});
    product.ask("assign-group", given).await?;
    let assignments = product.ask("assignments", json!({})).await?;
    let expected = json!([[made["id"], {"roles": ["viewer"], "seat-type": null}]]);
    ensure!(assignments == expected, "{assignments}");
    Ok(())
}

fn document(text: &Value) -> anyhow::Result<Value> {
    match text.as_str() {
        Some(text) => Ok(serde_json::from_str(text)?),
        None => bail!("{text} is no text"),
    }
}
