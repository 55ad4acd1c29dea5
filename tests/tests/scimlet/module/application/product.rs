//! The other direction: users and groups that the application itself changes.

use anyhow::ensure;
use scimlet_tests::client::text;
use serde_json::{Value, json};

use super::{Site, document, group, user};

const PRODUCT: &str = "urn:scimlet:product";

fn operations(operations: Value) -> String {
    json!({"Operations": operations}).to_string()
}

pub(super) async fn changes_users() -> anyhow::Result<()> {
    let profile = json!({
        "extends": "default",
        "users": {
            "seats": 1,
            "existing": "link",
            "user-name": {"attribute": "userName", "email": false, "change": "fork"},
        },
        "attributes": {"mutability": {"title": "readOnly"}},
    });
    let site = Site::new(profile).await?;
    let ada = json!({"userName": "ada", "title": "Countess", "roles": [{"value": "editor"}]});
    let id = site.directory("create-user", json!({"user": ada.to_string()})).await?;
    let id = id.as_str().expect("an id");
    let shown = site.user(id).await?;
    ensure!(shown[PRODUCT]["provisioned"] == false && shown["title"] == "Countess", "{shown}");
    ensure!(shown[PRODUCT]["roles"] == json!(["editor"]), "{shown}");
    let twice = site.result("directory.create-user", json!({"user": ada.to_string()})).await?;
    ensure!(twice["err"]["refused"].is_string(), "{twice}");
    let seats =
        site.result("directory.create-user", json!({"user": user("bob").to_string()})).await?;
    ensure!(seats["err"]["refused"].is_string(), "no seat is left: {seats}");
    for wrong in ["{", "[]", "{}", r#"{"userName": 5}"#] {
        let wrong = site.result("directory.create-user", json!({"user": wrong})).await?;
        ensure!(wrong["err"]["invalid"].is_string(), "{wrong}");
    }

    // The policy for the product: a client may change neither.
    let change = operations(json!([
        {"op": "replace", "path": "title", "value": "Dr."},
        {"op": "replace", "path": "userName", "value": "lovelace"},
    ]));
    site.directory("patch-user", json!({"id": id, "patch": change})).await?;
    let shown = site.user(id).await?;
    ensure!(shown["title"] == "Dr." && shown["userName"] == "lovelace", "{shown}");
    ensure!(site.heard().is_empty(), "the application knows what it does");
    let events = site.feed(0, &format!("/Users/{id}")).await?;
    ensure!(events.len() == 2 && events[1].0.ends_with("patch:notice"), "{events:?}");
    // What changes nothing has no effect.
    site.directory("patch-user", json!({"id": id, "patch": change})).await?;
    ensure!(site.feed(0, &format!("/Users/{id}")).await?.len() == 2);
    let inactive = operations(json!([{"op": "replace", "value": {"active": false}}]));
    site.directory("patch-user", json!({"id": id, "patch": inactive})).await?;
    let events = site.feed(0, &format!("/Users/{id}")).await?;
    ensure!(events.iter().any(|(name, _)| name == "revoke-sessions"), "{events:?}");

    let absent = json!({"id": "absent", "patch": operations(json!([]))});
    let absent = site.result("directory.patch-user", absent).await?;
    ensure!(absent["err"] == "not-found", "{absent}");
    let wrong = operations(json!([{"op": "replace", "path": "shoeSize", "value": 5}]));
    let wrong = site.result("directory.patch-user", json!({"id": id, "patch": wrong})).await?;
    ensure!(wrong["err"]["invalid"].is_string(), "{wrong}");
    // A client takes her over, as an imported user.
    let linked = site.made(user("lovelace")).await?;
    ensure!(linked == id && site.change()?["step"] == "linked");
    Ok(())
}

pub(super) async fn changes_groups() -> anyhow::Result<()> {
    let groups = json!({"roles": {"Editors": ["editor"]}});
    let site = Site::new(json!({"extends": "default", "groups": groups})).await?;
    let ada = site.made(user("ada")).await?;
    site.heard();
    let made = json!({"group": json!({"displayName": "Editors"}).to_string()});
    let id = site.directory("create-group", made).await?;
    let id = id.as_str().expect("an id");
    let join = operations(json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]));
    site.directory("patch-group", json!({"id": id, "patch": join})).await?;
    let shown = document(&site.directory("group", json!({"id": id})).await?)?;
    ensure!(shown["members"][0]["value"] == *ada, "{shown}");
    ensure!(site.user(&ada).await?[PRODUCT]["roles"] == json!(["editor"]));
    let seen = site.ask("GET", &format!("/Groups/{id}"), Value::Null).await?.expect(200)?;
    ensure!(seen["members"][0]["value"] == *ada, "{seen}");
    let nobody = json!({"group": group("x", &["absent"]).to_string()});
    let nobody = site.result("directory.create-group", nobody).await?;
    ensure!(nobody["err"]["invalid"].is_string(), "{nobody}");
    site.directory("delete-group", json!({"id": id})).await?;
    ensure!(site.user(&ada).await?[PRODUCT]["roles"] == json!([]));
    let gone = site.result("directory.delete-group", json!({"id": id})).await?;
    ensure!(gone["err"] == "not-found", "{gone}");
    ensure!(site.heard().is_empty(), "the application knows what it does");
    Ok(())
}

pub(super) async fn gives_ids() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let create = |name: &str, id: &str| json!({"user": user(name).to_string(), "product-id": id});
    let ada = site.directory("create-user", create("ada", "1")).await?;
    let found = json!({"resource-type": "User", "product-id": "1"});
    ensure!(site.directory("find-by-product-id", found.clone()).await? == ada);
    let taken = site.result("directory.create-user", create("bob", "1")).await?;
    ensure!(taken["err"]["refused"].is_string(), "{taken}");
    for wrong in ["", "a\u{7}", &"x".repeat(201)] {
        let wrong = site.result("directory.create-user", create("bob", wrong)).await?;
        ensure!(wrong["err"]["invalid"].is_string(), "{wrong}");
    }
    let bob = site.made(user("bob")).await?;
    let set = |id: Value| json!({"resource-type": "User", "id": bob, "product-id": id});
    let taken = site.result("directory.set-product-id", set(json!("1"))).await?;
    ensure!(taken["err"]["refused"].is_string(), "{taken}");
    let wrong = site.result("directory.set-product-id", set(json!(""))).await?;
    ensure!(wrong["err"]["invalid"].is_string(), "{wrong}");
    site.directory("set-product-id", set(json!("3"))).await?;
    site.directory("set-product-id", set(Value::Null)).await?;
    ensure!(site.user(&bob).await?[PRODUCT].get("productId").is_none());
    site.directory("set-product-id", set(json!("2"))).await?;
    ensure!(site.user(&bob).await?[PRODUCT]["productId"] == "2");
    // Events of the application's own changes have it too.
    let path = format!("/Users/{}", text(&json!({"id": ada}), "id")?);
    let events = site.feed(0, &path).await?;
    ensure!(events.len() == 1 && events[0].1["product-id"] == "1", "{events:?}");
    site.admin("deactivate-user", json!({"id": bob})).await?;
    let events = site.feed(0, &format!("/Users/{bob}")).await?;
    ensure!(events.last().is_some_and(|(_, data)| data["product-id"] == "2"), "{events:?}");
    let group = json!({"group": json!({"displayName": "g"}).to_string(), "product-id": "1"});
    let group = site.directory("create-group", group).await?;
    let found = json!({"resource-type": "Group", "product-id": "1"});
    ensure!(site.directory("find-by-product-id", found).await? == group);
    Ok(())
}
