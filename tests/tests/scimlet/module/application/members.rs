//! The members that groups gain and lose.

use anyhow::ensure;
use scimlet_tests::client::text;
use scimlet_tests::exchange::TENANT;
use serde_json::{Value, json};

use super::{Site, group, identity, user};

pub(super) async fn come_and_go() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cyd"] {
        site.give(json!([format!("row-{name}")]));
        ids.push(site.made(user(name)).await?);
    }
    let [ada, bob, cyd] = ids.as_slice() else { anyhow::bail!("{ids:?}") };
    let named = |id: &str, name: &str| identity("User", id, Some(&format!("row-{name}")));
    site.heard();
    let id = site.made(group("g", &[ada, bob])).await?;
    let change = site.change()?;
    let both = json!([named(ada, "ada"), named(bob, "bob")]);
    ensure!(change["step"] == "created" && change["resource-type"] == "Group", "{change}");
    ensure!(change["members-added"] == both, "{change}");
    let target = format!("/Groups/{id}");
    let operations = json!([
        {"op": "add", "path": "members", "value": [{"value": cyd}, {"value": bob}]},
        {"op": "remove", "path": format!("members[value eq \"{ada}\"]")},
    ]);
    site.patched(&target, operations).await?;
    let change = site.change()?;
    ensure!(change["step"] == "updated" && change["attributes"] == json!(["members"]), "{change}");
    ensure!(change["members-added"] == json!([named(cyd, "cyd")]), "{change}");
    ensure!(change["members-removed"] == json!([named(ada, "ada")]), "{change}");
    ensure!(change["before"].is_string() && change["after"].is_string(), "{change}");
    // A group may be a member.
    let outer = site.made(group("outer", &[&id, cyd])).await?;
    let change = site.change()?;
    let added = change["members-added"].as_array().map(Vec::as_slice).unwrap_or_default();
    let nested = identity("Group", &id, None);
    ensure!(added.len() == 2 && added.contains(&nested), "{change}");
    site.ask("PUT", &format!("/Groups/{outer}"), group("outer", &[ada, cyd])).await?.expect(200)?;
    let change = site.change()?;
    ensure!(change["members-added"] == json!([named(ada, "ada")]), "{change}");
    ensure!(change["members-removed"] == json!([identity("Group", &id, None)]), "{change}");
    Ok(())
}

/// Where far more members are there than wanted, all are unlinked and some linked again.
pub(super) async fn replaced_as_a_whole() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let mut ids: Vec<String> = Vec::new();
    for batch in 0..3 {
        let users = (0..500).map(|number| user(&format!("u{batch}-{number}")).to_string());
        let users = json!({"users": users.collect::<Vec<_>>()});
        let imported = site.admin("import-users", users).await?;
        for made in imported.as_array().into_iter().flatten() {
            ids.push(text(made, "made")?.to_owned());
        }
    }
    let (last, members) = ids.split_last().expect("1500");
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let id = site.made(group("g", &members)).await?;
    ensure!(site.change()?["members-added"].as_array().map(Vec::len) == Some(1499));
    let target = format!("/Groups/{id}");
    site.ask("PUT", &target, group("g", &[members[7], last])).await?.expect(200)?;
    let change = site.change()?;
    ensure!(change["members-added"] == json!([identity("User", last, None)]), "{change}");
    let removed = change["members-removed"].as_array().expect("a list");
    ensure!(removed.len() == 1498, "{}", removed.len());
    ensure!(!removed.contains(&identity("User", members[7], None)), "the one who stays");
    Ok(())
}

pub(super) async fn into_the_target_group() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let request = json!({
        "tenant": TENANT, "label": "x", "scheme": "bearer", "scopes": [], "target-group": "New",
    });
    let issued = site.admin("issue-credential", json!({"request": request})).await?;
    let arguments = json!({
        "origin": {"tenant": TENANT, "base-url": "https://x.example", "caller": "unknown"},
        "request": {
            "method": "POST", "path": "/Users", "query": "",
            "headers": [
                ["authorization", format!("Bearer {}", text(&issued, "secret")?)],
                ["content-type", "application/scim+json"],
            ],
            "body": user("ada").to_string(),
        },
    });
    site.heard();
    let answer = site.module.call("provider.handle", arguments).await?;
    ensure!(answer["status"] == 201, "{answer}");
    let heard = site.heard();
    let changes = heard[0].as_array().expect("a list");
    let group: &Value = &issued["credential"]["target-group"];
    ensure!(changes.len() == 2 && changes[0]["step"] == "created", "{changes:?}");
    ensure!(changes[1]["id"] == *group && changes[1]["step"] == "updated", "{changes:?}");
    ensure!(changes[1]["members-added"][0]["id"] == changes[0]["id"], "{changes:?}");
    Ok(())
}
