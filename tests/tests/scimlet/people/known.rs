//! Users have access from the beginning unless `active` is false, and a POST with a known userName
//! takes over a user or is refused (RFC 7644 section 3.3).

use anyhow::{Context, ensure};
use scimlet::store::memory::Memory;
use scimlet_tests::client::patch;
use serde_json::{Value, json};

use super::{Site, user, with};

pub(super) async fn active_from_the_beginning(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, json!({"extends": "default"})).await?;
    let id = site.made(user("ada")).await?;
    site.imported(user("bob")).await?;
    site.made(with(user("cy"), json!({"active": false}))).await?;
    ensure!(site.found("active eq true").await?.len() == 2);
    let target = format!("/Users/{id}");
    for body in
        [with(user("ada"), json!({"title": "a"})), with(user("ada"), json!({"active": null}))]
    {
        let put = site.ask("PUT", &target, body).await?.expect(200)?;
        ensure!(put["active"] == true, "{put}");
    }
    site.activate(&id, false).await?;
    let put = site.ask("PUT", &target, user("ada")).await?.expect(200)?;
    ensure!(put["active"] == false, "{put}");
    // Taken away it is unassigned, which means access: under the rules for reactivation.
    let profile = r#"{"extends": "default", "users": {"reactivation": ["put"]}}"#;
    site.admin().configure(profile, None).await?;
    for operation in [
        json!({"op": "remove", "path": "active"}),
        json!({"op": "replace", "path": "active", "value": null}),
        json!({"op": "replace", "value": {"active": null}}),
    ] {
        let body = patch(json!([operation]));
        let refused = site.ask("PATCH", &target, body).await?.expect(400)?;
        ensure!(refused["scimType"] == "mutability", "{operation}: {refused}");
        ensure!(site.user(&id).await?.expect(200)?["active"] == false);
    }
    for operation in [
        json!({"op": "add", "path": "active", "value": null}),
        json!({"op": "add", "value": {"active": null}}),
    ] {
        let body = patch(json!([operation]));
        let shown = site.ask("PATCH", &target, body).await?.expect(200)?;
        ensure!(shown["active"] == false, "{operation}: {shown}");
    }
    Ok(())
}

pub(super) async fn existing_is_refused(database: Memory) -> anyhow::Result<()> {
    for preset in ["default", "strict", "okta", "entra"] {
        let site = Site::new(database.clone(), json!({"extends": preset})).await;
        let site = match site {
            Ok(site) => site,
            Err(_) => {
                // One database holds the tenant once.
                let fresh = Memory::exact();
                Site::new(fresh, json!({"extends": preset})).await?
            }
        };
        let id = site.made(user("ada")).await?;
        site.activate(&id, false).await?;
        let again = site.post(user("Ada")).await?.expect(409)?;
        ensure!(again["scimType"] == "uniqueness", "{preset}: {again}");
        ensure!(site.user(&id).await?.expect(200)?["active"] == false);
    }
    Ok(())
}

pub(super) async fn deprovisioned_returns(database: Memory) -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "users": {"existing": "reactivate", "seats": 2}});
    let site = Site::new(database, profile).await?;
    let id = site.made(with(user("ada"), json!({"title": "a"}))).await?;
    site.post(user("ada")).await?.expect(409).context("active")?;
    site.activate(&id, false).await?;
    let inactive = with(user("ada"), json!({"active": false}));
    site.post(inactive).await?.expect(409).context("no return")?;
    let again = site.post(with(user("ADA"), json!({"displayName": "A"}))).await?;
    let again = again.expect(201)?;
    ensure!(again["id"] == id.as_str() && again["active"] == true, "{again}");
    ensure!(again["title"] == "a" && again["displayName"] == "A", "{again}");
    ensure!(site.seats().await? == 1, "{}", site.seats().await?);
    let noted = site.audit("user-reactivated", &id).await?;
    ensure!(noted == [json!({"matched": ["userName"]})], "{noted:?}");
    // Whom the product has made inactive only the product makes active again.
    site.admin().deactivate_user(&id).await?;
    site.post(user("ada")).await?.expect(409).context("by the product")?;
    ensure!(site.user(&id).await?.expect(200)?["active"] == false);
    Ok(())
}

pub(super) async fn lookalikes_take_over_nobody(database: Memory) -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "users": {"existing": "link"}});
    let site = Site::new(database, profile).await?;
    let owner = with(user("kay@strasse.test"), json!({"roles": [{"value": "owner"}]}));
    let id = site.imported(owner).await?;
    for name in ["\u{212a}ay@strasse.test", "kay@stra\u{df}e.test"] {
        let answer = site.post(user(name)).await?.expect(409)?;
        ensure!(answer["scimType"] == "uniqueness", "{answer}");
    }
    let shown: Value = serde_json::from_str(&site.admin().user(&id).await?)?;
    let view = &shown["urn:scimlet:product"];
    ensure!(view["provisioned"] == false && view["roles"] == json!(["owner"]), "{shown}");
    let linked = site.post(user("Kay@STRASSE.test")).await?.expect(201)?;
    ensure!(linked["id"] == id.as_str(), "{linked}");
    let noted = site.audit("user-linked", &id).await?;
    ensure!(noted == [json!({"matched": ["userName"]})], "{noted:?}");
    Ok(())
}

pub(super) async fn linked_keeps_its_roles(database: Memory) -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "users": {"existing": "link"}});
    let site = Site::new(database, profile).await?;
    let id = site
        .imported(with(user("ada"), json!({"roles": [{"value": "owner"}], "title": "a"})))
        .await?;
    let given = json!({"roles": [{"value": "nobody"}], "title": "b"});
    let linked = site.post(with(user("ada"), given)).await?.expect(201)?;
    ensure!(linked["id"] == id.as_str(), "{linked}");
    ensure!(linked["roles"] == json!([{"value": "owner"}]), "{linked}");
    ensure!(linked["title"] == "b", "{linked}");
    Ok(())
}
