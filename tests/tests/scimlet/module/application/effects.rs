//! The effects of the profile.

use anyhow::ensure;
use serde_json::{Value, json};

use super::{Site, group, identity, names, user};

pub(super) async fn of_a_deactivation() -> anyhow::Result<()> {
    let effects = json!({
        "create": ["send-welcome"],
        "deactivate": ["revoke-sessions", "remove-roles", "remove-memberships"],
    });
    let site = Site::new(json!({"extends": "default", "users": {"effects": effects}})).await?;
    let mut ada = user("ada");
    ada["roles"] = json!([{"value": "editor"}]);
    let ada = site.made(ada).await?;
    ensure!(names(&site.change()?["effects"]) == ["send-welcome"]);
    site.give(json!(["g-1"]));
    let group = site.made(group("g", &[&ada])).await?;
    site.heard();
    let before = site.last_event().await?;
    let inactive = json!([{"op": "replace", "value": {"active": false}}]);
    site.patched(&format!("/Users/{ada}"), inactive).await?;
    let change = site.change()?;
    let expected = ["revoke-sessions", "remove-roles", "remove-memberships"];
    ensure!(names(&change["effects"]) == expected, "{change}");
    let left = &change["effects"][2]["groups"];
    ensure!(*left == json!([identity("Group", &group, Some("g-1"))]), "{change}");
    // They are those of the events.
    let feed = site.feed(before, &format!("/Users/{ada}")).await?;
    let events: Vec<&str> = feed.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(events.ends_with(&expected), "{events:?}");
    Ok(())
}

pub(super) async fn of_groups() -> anyhow::Result<()> {
    let profile = json!({
        "extends": "default",
        "groups": {"assignments": true, "roles": {"Editors": ["editor"]}},
        "seat-types": {"full": 2},
    });
    let site = Site::new(profile).await?;
    site.give(json!(["1"]));
    let ada = site.made(user("ada")).await?;
    site.give(json!(["g-1"]));
    let editors = site.made(group("Editors", &[])).await?;
    let assignment = json!({"roles": [], "seat-type": "full"});
    site.admin("assign-group", json!({"group": editors, "assignment": assignment})).await?;
    site.heard();
    let target = format!("/Groups/{editors}");
    let join = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    site.patched(&target, join).await?;
    let heard = site.heard();
    ensure!(heard.len() == 1, "{heard:?}");
    let [change, person] = heard[0].as_array().expect("a list").as_slice() else {
        anyhow::bail!("{heard:?}");
    };
    ensure!(change["id"] == *editors && change["product-id"] == "g-1", "{change}");
    ensure!(change["members-added"] == json!([identity("User", &ada, Some("1"))]), "{change}");
    ensure!(person["id"] == *ada && person["product-id"] == "1", "{person}");
    ensure!(person["step"] == "updated", "{person}");
    let effects = &person["effects"];
    ensure!(names(effects) == ["grant-roles", "grant-seat"], "{person}");
    let group = identity("Group", &editors, Some("g-1"));
    ensure!(effects[0]["roles"] == json!(["editor"]) && effects[0]["group"] == group, "{person}");
    ensure!(effects[1]["seat-type"] == "full" && effects[1]["group"] == group, "{person}");
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    let heard = site.heard();
    let changes = heard[0].as_array().expect("a list");
    ensure!(changes[0]["step"] == "removed" && changes[0]["id"] == *editors, "{changes:?}");
    let withdrawn = names(&changes[1]["effects"]);
    ensure!(withdrawn == ["withdraw-roles", "withdraw-seat"], "{changes:?}");
    Ok(())
}

pub(super) async fn references_come_back() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let reference = json!({"email": "ada@example.com", "kind": "dashboard", "id": "d1"});
    site.admin("add-reference", reference).await?;
    site.made(user("ada@example.com")).await?;
    let change = site.change()?;
    ensure!(change["effects"][0]["name"] == "references-restored", "{change}");
    ensure!(change["effects"][0]["references"] == json!([["dashboard", "d1"]]), "{change}");
    Ok(())
}
