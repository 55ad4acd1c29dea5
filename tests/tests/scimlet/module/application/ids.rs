//! The application's own ids.

use anyhow::ensure;
use scimlet::http::Caller;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Call, Endpoint, InProcess};
use serde_json::{Value, json};
use std::sync::Arc;

use super::{Site, document, group, patch, user};

const PRODUCT: &str = "urn:scimlet:product";

fn by(resource_type: &str, product_id: &str) -> Value {
    json!({"resource-type": resource_type, "product-id": product_id})
}

fn give(id: &str, product_id: Value) -> Value {
    json!({"resource-type": "User", "id": id, "product-id": product_id})
}

pub(super) async fn given_and_found() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    site.give(json!(["9007199254740993"]));
    let id = site.made(user("ada")).await?;
    ensure!(site.user(&id).await?[PRODUCT]["productId"] == "9007199254740993");
    let seen = site.ask("GET", &format!("/Users/{id}"), Value::Null).await?.expect(200)?;
    ensure!(!seen.to_string().contains("9007199254740993"), "clients do not see it: {seen}");
    let found = site.directory("find-by-product-id", by("User", "9007199254740993")).await?;
    ensure!(found == *id, "{found}");
    let nobody = site.result("directory.find-by-product-id", by("User", "1")).await?;
    ensure!(nobody == json!({"err": "not-found"}), "{nobody}");
    // It stays whatever changes, and each event has it, the first one too.
    let target = format!("/Users/{id}");
    site.heard();
    site.patched(&target, json!([{"op": "replace", "value": {"active": false}}])).await?;
    ensure!(site.change()?["product-id"] == "9007199254740993");
    site.ask("PUT", &target, user("ada")).await?.expect(200)?;
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    let events = site.feed(0, &target).await?;
    ensure!(events.len() > 4, "{events:?}");
    for (name, data) in &events {
        ensure!(data["product-id"] == "9007199254740993", "{name}: {data}");
    }
    // Then the id is free.
    site.give(json!(["9007199254740993"]));
    let bob = site.made(user("bob")).await?;
    ensure!(site.directory("find-by-product-id", by("User", "9007199254740993")).await? == *bob);
    Ok(())
}

pub(super) async fn of_groups_that_only_links_change() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let ada = site.made(user("ada")).await?;
    let id = site.made(group("g", &[])).await?;
    let target = format!("/Groups/{id}");
    site.give(json!(["5"]));
    let join = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    let before = site.last_event().await?;
    site.patched(&target, join).await?;
    let shown = document(&site.directory("group", json!({"id": id})).await?)?;
    ensure!(shown[PRODUCT]["productId"] == "5", "{shown}");
    ensure!(shown["members"][0]["value"] == *ada, "{shown}");
    ensure!(site.directory("find-by-product-id", by("Group", "5")).await? == *id);
    // A user may have the same id as a group.
    site.give(json!(["5"]));
    site.made(user("bob")).await?;
    let leave = json!([{"op": "remove", "path": "members"}]);
    site.patched(&target, leave).await?;
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    let events = site.feed(before, &target).await?;
    ensure!(events.len() == 3, "{events:?}");
    ensure!(events.iter().all(|(_, data)| data["product-id"] == "5"), "{events:?}");
    Ok(())
}

pub(super) async fn wrong_ones_write_nothing() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    site.give(json!(["1"]));
    site.made(user("ada")).await?;
    for ids in
        [json!(["1"]), json!([""]), json!(["a\nb"]), json!(["x".repeat(201)]), json!(["2", "3"])]
    {
        site.give(ids.clone());
        let answer = site.ask("POST", "/Users", user("bob")).await?;
        ensure!(answer.status == 500, "{ids}: {answer:?}");
        let list = site.ask("GET", "/Users", Value::Null).await?.expect(200)?;
        ensure!(list["totalResults"] == 1, "{ids}: {list}");
    }
    Ok(())
}

/// The reference host's component, which tells no application, keeps the ids.
pub(super) async fn survive_the_component() -> anyhow::Result<()> {
    let users = json!({"removal": "deactivate"});
    let site = Site::new(json!({"extends": "default", "users": users})).await?;
    site.give(json!(["1"]));
    let id = site.made(user("ada")).await?;
    let component = InProcess {
        provider: Arc::new(Plugin::new(PluginOptions::default())?),
        store: site.store.clone(),
        secret: site.module.secret().to_owned(),
        caller: Caller::Unknown,
    };
    let target = format!("/Users/{id}");
    let title = patch(json!([{"op": "add", "path": "title", "value": "Dr."}]));
    for (method, target, body, status) in [
        ("PATCH", target.as_str(), title, 200),
        ("PUT", target.as_str(), user("Ada"), 200),
        ("DELETE", target.as_str(), Value::Null, 204),
        ("POST", "/Users", user("ada"), 201),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = format!("Bearer {}", component.secret);
        let headers = vec![
            ("authorization".to_owned(), bearer),
            ("content-type".to_owned(), "application/scim+json".to_owned()),
        ];
        let (method, target) = (method.to_owned(), target.to_owned());
        let answer = component.send(Call { method, target, headers, body }).await?;
        ensure!(answer.status == status, "{answer:?}");
        ensure!(site.directory("find-by-product-id", by("User", "1")).await? == *id);
    }
    ensure!(site.user(&id).await?[PRODUCT]["productId"] == "1");
    Ok(())
}

/// A user that a client deleted keeps the id, unless another user got it in the meantime.
pub(super) async fn of_removed_users() -> anyhow::Result<()> {
    let users = json!({"removal": "deactivate"});
    let site = Site::new(json!({"extends": "default", "users": users})).await?;
    site.give(json!(["1"]));
    let ada = site.made(user("ada")).await?;
    site.ask("DELETE", &format!("/Users/{ada}"), Value::Null).await?.expect(204)?;
    let taken = json!({"user": user("bob").to_string(), "product-id": "1"});
    let taken = site.result("directory.create-user", taken).await?;
    ensure!(taken["err"]["refused"].is_string(), "{taken}");
    let bob = site.made(user("bob")).await?;
    let taken = site.result("directory.set-product-id", give(&bob, json!("1"))).await?;
    ensure!(taken["err"]["refused"].is_string(), "{taken}");
    // It may be taken from the one and given to the other.
    site.directory("set-product-id", give(&ada, Value::Null)).await?;
    site.directory("set-product-id", give(&bob, json!("1"))).await?;
    ensure!(site.directory("find-by-product-id", by("User", "1")).await? == *bob);
    let taken = site.result("directory.set-product-id", give(&ada, json!("1"))).await?;
    ensure!(taken["err"]["refused"].is_string(), "{taken}");
    site.directory("set-product-id", give(&ada, json!("2"))).await?;
    // The application gives a new user the id of the one that was deleted.
    site.give(json!(["2"]));
    let cyd = site.made(user("cyd")).await?;
    ensure!(site.made(user("ada")).await? == ada);
    ensure!(site.user(&ada).await?[PRODUCT].get("productId").is_none());
    ensure!(site.directory("find-by-product-id", by("User", "2")).await? == *cyd);
    Ok(())
}
