//! The steps, and the documents before and after.

use anyhow::ensure;
use scimlet_tests::client::text;
use serde_json::{Value, json};

use super::{Site, document, user};

const PRODUCT: &str = "urn:scimlet:product";

pub(super) async fn created_changed_and_removed() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default", "secrets": "hash"})).await?;
    let mut ada = user("ada");
    ada["password"] = json!("correct horse battery staple");
    let id = site.made(ada).await?;
    let change = site.change()?;
    ensure!(change["step"] == "created" && change["before"].is_null(), "{change}");
    ensure!(change["resource-type"] == "User" && change["id"] == *id, "{change}");
    ensure!(change["product-id"].is_null(), "{change}");
    let after = document(&change["after"])?;
    ensure!(after["userName"] == "ada" && after["active"] == true, "{after}");
    ensure!(after[PRODUCT]["provisioned"] == true && after["id"] == *id, "{after}");
    ensure!(after.get("password").is_none(), "{after}");
    ensure!(!change.to_string().contains("correct horse"), "{change}");
    let attributes = change["attributes"].as_array().into_iter().flatten();
    ensure!(attributes.into_iter().any(|path| path == "password"), "{change}");

    let target = format!("/Users/{id}");
    let title = json!([{"op": "add", "path": "title", "value": "Countess"}]);
    site.patched(&target, title.clone()).await?;
    let change = site.change()?;
    ensure!(change["step"] == "updated" && change["attributes"] == json!(["title"]), "{change}");
    let (before, after) = (document(&change["before"])?, document(&change["after"])?);
    ensure!(before.get("title").is_none() && after["title"] == "Countess", "{change}");
    ensure!(before["meta"]["version"].is_string(), "{before}");
    ensure!(after["meta"].get("version").is_none(), "{after}");
    // What changes nothing is no change.
    site.patched(&target, title).await?;
    ensure!(site.heard().is_empty());

    for (active, step) in [(false, "deactivated"), (true, "reactivated")] {
        site.patched(&target, json!([{"op": "replace", "value": {"active": active}}])).await?;
        let change = site.change()?;
        ensure!(change["step"] == step, "{change}");
        ensure!(document(&change["after"])?["active"] == active, "{change}");
    }
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    let change = site.change()?;
    ensure!(change["step"] == "removed" && change["after"].is_null(), "{change}");
    ensure!(document(&change["before"])?["title"] == "Countess", "{change}");
    site.ask("DELETE", &target, Value::Null).await?.expect(404)?;
    ensure!(site.heard().is_empty());
    Ok(())
}

pub(super) async fn linked_and_kept() -> anyhow::Result<()> {
    let users = json!({"existing": "link", "removal": "deactivate"});
    let site = Site::new(json!({"extends": "default", "users": users})).await?;
    let users = json!({"users": [user("ada").to_string()]});
    let imported = site.admin("import-users", users).await?;
    ensure!(site.heard().is_empty(), "the application imported her itself");
    let id = text(&imported[0], "made")?;
    ensure!(site.made(user("ada")).await? == id);
    let change = site.change()?;
    ensure!(change["step"] == "linked" && change["id"] == *id, "{change}");
    ensure!(document(&change["before"])?[PRODUCT]["provisioned"] == false, "{change}");
    ensure!(document(&change["after"])?[PRODUCT]["provisioned"] == true, "{change}");

    site.give(json!(["17"]));
    site.ask("DELETE", &format!("/Users/{id}"), Value::Null).await?.expect(204)?;
    let change = site.change()?;
    ensure!(change["step"] == "removed" && document(&change["before"])?["active"] == true);
    let after = document(&change["after"])?;
    ensure!(after["active"] == false && after[PRODUCT]["removed"] == true, "{after}");
    let found = json!({"resource-type": "User", "product-id": "17"});
    ensure!(site.directory("find-by-product-id", found).await? == *id);

    ensure!(site.made(user("ada")).await? == id);
    let change = site.change()?;
    ensure!(change["step"] == "reactivated" && change["product-id"] == "17", "{change}");
    ensure!(document(&change["before"])?[PRODUCT]["removed"] == true, "{change}");
    ensure!(document(&change["after"])?[PRODUCT]["productId"] == "17", "{change}");
    ensure!(site.user(id).await?[PRODUCT]["productId"] == "17");
    Ok(())
}

pub(super) async fn erased() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    site.give(json!(["17"]));
    let id = site.made(user("ada")).await?;
    site.heard();
    site.refuse(json!({"invalid": "a legal hold"}));
    let refused = site.result("admin.erase-user", json!({"id": id})).await?;
    ensure!(refused == json!({"err": {"refused": "a legal hold"}}), "{refused}");
    ensure!(site.change()?["step"] == "erased" && site.user(&id).await?["userName"] == "ada");
    site.admin("erase-user", json!({"id": id})).await?;
    let change = site.change()?;
    ensure!(change["step"] == "erased" && change["product-id"] == "17", "{change}");
    ensure!(change["after"].is_null() && change["before"].is_string(), "{change}");
    ensure!(change["effects"][0]["name"] == "revoke-sessions", "{change}");
    // Of what else it does itself it does not hear.
    let bob = site.made(user("bob")).await?;
    site.heard();
    site.admin("deactivate-user", json!({"id": bob})).await?;
    site.admin("assign-roles", json!({"user": bob, "roles": ["editor"]})).await?;
    ensure!(site.heard().is_empty());
    Ok(())
}

pub(super) async fn only_where_wanted() -> anyhow::Result<()> {
    let store = super::in_memory().await?;
    let profile = r#"{"extends": "default"}"#;
    // Whoever did not ask for it answers no call of `application`: the import would fail.
    let module = scimlet_tests::module::Embedded::new(store, profile, true).await?;
    let created = json!({"user": user("ada").to_string(), "product-id": "1"});
    let id = module.call("directory.create-user", created).await?;
    ensure!(id["ok"].is_string(), "{id}");
    let unknown = module
        .call("directory.find-by-product-id", json!({"resource-type": "Robot", "product-id": "1"}));
    let unknown = unknown.await?;
    ensure!(unknown["err"]["invalid"].is_string(), "{unknown}");
    Ok(())
}
