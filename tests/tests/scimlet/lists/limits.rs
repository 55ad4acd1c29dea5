//! Groups with many members, and large bodies, up to their limits.

use anyhow::ensure;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::{patch, text};
use scimlet_tests::crowd;
use scimlet_tests::exchange::DEFAULT;
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};
use tokio::runtime::Builder;

/// More members than one store call returns.
const MEMBERS: usize = 10_500;

/// Members who are not active are left out (`hide`), or members whom deactivation took out are
/// shown (`show`), however large the group.
pub fn inactive() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for (how, members, of_list) in [("hide", MEMBERS - 1, 49), ("show", MEMBERS + 1, 51)] {
        let database = Sqlite::open(folder.path().join(format!("{how}.db")))?;
        let profile = json!({"extends": "default", "groups": {"inactive-members": how}});
        let tenant = Tenant::over(&database, &profile.to_string())?;
        let former = |group, user| {
            let link = crowd::member(crowd::group(group), crowd::user(user));
            scimlet::store::Link { name: "#former-members".to_owned(), ..link }
        };
        Builder::new_current_thread().build()?.block_on(async {
            let store = tenant.store();
            crowd::users(store, MEMBERS + 10).await?;
            crowd::groups(store, 2).await?;
            let gone = json!({"userName": "gone", "displayName": "gone", "active": false});
            crowd::commit(store, [crowd::entry(crowd::user(MEMBERS + 10), gone)]).await?;
            for (group, count) in [(0, MEMBERS - 1), (1, 49)] {
                let of = |user| crowd::member(crowd::group(group), crowd::user(user));
                let last = [of(MEMBERS + 10), former(group, MEMBERS + 9), former(group, 3)];
                crowd::link(store, (0..count).map(of).chain(last)).await?;
            }
            anyhow::Ok(())
        })?;
        let count = |group: &Value| group["members"].as_array().map_or(0, Vec::len);
        let one = tenant.get("/Groups/g0")?.expect(200)?;
        ensure!(count(&one) == members, "{how}: {} members", count(&one));
        let list = tenant.get("/Groups")?.expect(200)?;
        let counts = [0, 1].map(|place| count(&list["Resources"][place]));
        ensure!(counts == [members, of_list], "{how}: {counts:?}");
    }
    Ok(())
}

/// The members of a group make a body large, and nothing else does; a resource does not grow
/// without an end.
pub fn bodies() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Sqlite::open(folder.path().join("bodies.db"))?;
    let tenant = Tenant::over(&database, DEFAULT)?;
    let schema = |name: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
    let user = json!({"schemas": [schema("User")], "userName": "u"});
    let user = tenant.ask("POST", "/Users", &user)?.expect(201)?;
    let member = |bytes: usize| json!({"value": user["id"], "display": "x".repeat(bytes)});
    let group = |name: usize, display: usize| {
        json!({"schemas": [schema("Group")], "displayName": "x".repeat(name),
            "members": [member(display)]})
    };
    let made = tenant.ask("POST", "/Groups", &group(1, 20 << 20))?.expect(201)?;
    ensure!(made["members"][0]["value"] == user["id"], "no member");
    let path = format!("/Groups/{}", text(&made, "id")?);
    tenant.ask("PUT", &path, &group(1, 25 << 20))?.expect(413)?;
    tenant.ask("PUT", &path, &group(2 << 20, 2 << 20))?.expect(413)?;
    // A removal's values are read as they are.
    let removal = json!([{"op": "remove", "path": "members", "value": [member(2 << 20)]}]);
    tenant.ask("PATCH", &path, &patch(removal))?.expect(413)?;
    let replace = json!([{"op": "replace", "path": "members", "value": [member(2 << 20)]}]);
    tenant.ask("PATCH", &path, &patch(replace))?.expect(200)?;
    let wide: Vec<Value> = (0..100_001).map(|id| json!({"value": format!("u{id}")})).collect();
    let wide = json!({"schemas": [schema("Group")], "displayName": "wide", "members": wide});
    let refused = tenant.ask("PUT", &path, &wide)?.expect(400)?;
    ensure!(refused["scimType"] == "tooMany", "{refused}");
    let many: serde_json::Map<String, Value> =
        (0..10_002).map(|name| (format!("a{name}"), "x".repeat(110).into())).collect();
    tenant.ask("PUT", &path, &many.into())?.expect(400)?;

    let path = format!("/Users/{}", text(&user, "id")?);
    let grow = |name: &str| {
        let one = |number: usize| json!({"value": format!("{number:02}{}", "x".repeat(60_000))});
        let value: Vec<Value> = (0..15).map(one).collect();
        patch(json!([{"op": "add", "path": name, "value": value}]))
    };
    tenant.ask("PATCH", &path, &grow("emails"))?.expect(200)?;
    tenant.ask("PATCH", &path, &grow("phoneNumbers"))?.expect(200)?;
    tenant.ask("PATCH", &path, &grow("ims"))?.expect(413)?;
    let leave = patch(json!([{"op": "replace", "path": "active", "value": false}]));
    tenant.ask("PATCH", &path, &leave)?.expect(200)?;
    Ok(())
}
