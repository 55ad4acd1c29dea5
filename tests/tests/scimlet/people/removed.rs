//! Users whom a client deleted and the product keeps (`removal: deactivate`): RFC 7644 section 3.6.

use anyhow::{Context, ensure};
use scimlet::store::memory::Memory;
use scimlet_tests::client::{patch, text};
use serde_json::{Value, json};

use super::{Site, user, with};

fn keeps() -> Value {
    json!({"extends": "default", "users": {"removal": "deactivate", "seats": 1}})
}

pub(super) async fn removed_is_gone_and_kept(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, keeps()).await?;
    let id = site.made(with(user("ada"), json!({"externalId": "x"}))).await?;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "g", "members": [{"value": id}],
    });
    let group = site.ask("POST", "/Groups", group).await?.expect(201)?;
    let target = format!("/Users/{id}");
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    for (method, body) in [
        ("GET", Value::Null),
        ("DELETE", Value::Null),
        ("PUT", user("ada")),
        ("PATCH", patch(json!([{"op": "replace", "path": "active", "value": true}]))),
    ] {
        site.ask(method, &target, body).await?.expect(404).context(method)?;
    }
    for filter in [
        "userName eq \"ada\"".to_owned(),
        "active eq false".to_owned(),
        format!("id eq \"{id}\""),
        "externalId pr".to_owned(),
    ] {
        ensure!(site.found(&filter).await?.is_empty(), "{filter}");
    }
    let group = format!("/Groups/{}", text(&group, "id")?);
    let group = site.ask("GET", &group, Value::Null).await?.expect(200)?;
    ensure!(group.get("members").is_none(), "{group}");
    ensure!(site.seats().await? == 0);
    let bob = site.made(user("bob")).await?;
    let listed = site.listed(None).await?;
    let ids: Vec<&Value> = listed.iter().map(|user| &user["id"]).collect();
    ensure!(ids == [&json!(bob), &json!(id)], "{ids:?}");
    let kept = &listed[1];
    ensure!(kept["active"] == false && kept["externalId"] == "x", "{kept}");
    ensure!(kept["urn:scimlet:product"]["removed"] == true, "{kept}");
    ensure!(listed[0]["urn:scimlet:product"].get("removed").is_none());
    ensure!(site.listed(Some("userName eq \"ada\"")).await?.len() == 1);
    let shown: Value = serde_json::from_str(&site.admin().user(&id).await?)?;
    ensure!(shown["userName"] == "ada", "{shown}");
    Ok(())
}

pub(super) async fn removed_returns(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, keeps()).await?;
    let id = site.made(with(user("ada"), json!({"title": "a"}))).await?;
    let target = format!("/Users/{id}");
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    // Nobody's name but theirs brings them back.
    let bob = site.made(user("bob")).await?;
    site.post(user("ada")).await?.refusal(403, &[])?;
    site.user(&id).await?.expect(404)?;
    site.activate(&bob, false).await?;
    let again = site.post(user("Ada")).await?.expect(201)?;
    ensure!(again["id"] == id.as_str() && again["title"] == "a", "{again}");
    ensure!(again["active"] == true && again.get("groups").is_none(), "{again}");
    ensure!(site.user(&id).await?.expect(200)?["userName"] == "Ada");
    ensure!(site.audit("user-returned", &id).await?.len() == 1);
    ensure!(site.listed(None).await?.len() == 2);
    // The product brings somebody back as well.
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    site.admin().reactivate_user(&id).await?;
    ensure!(site.user(&id).await?.expect(200)?["active"] == true);
    ensure!(site.seats().await? == 1);
    // A DELETE of somebody inactive takes no seat back twice.
    site.activate(&id, false).await?;
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    ensure!(site.seats().await? == 0);
    Ok(())
}

pub(super) async fn removed_is_erased(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, keeps()).await?;
    let id = site.made(user("ada")).await?;
    let target = format!("/Users/{id}");
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    site.admin().assign_roles(&id, &["viewer".to_owned()]).await?;
    site.admin().erase_user(&id).await?;
    ensure!(site.admin().user(&id).await.is_err());
    ensure!(site.listed(None).await?.is_empty());
    let new = site.made(user("ada")).await?;
    ensure!(new != id, "{new} is another person");
    Ok(())
}
