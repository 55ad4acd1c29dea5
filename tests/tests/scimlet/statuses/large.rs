//! A group with more members than an answer may hold: changed like any other, and shown without
//! them.

use anyhow::ensure;
use scimlet::store::memory::Memory;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Key, Link, Write};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::DEFAULT;
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

use super::tenant::{SCHEMAS, commit, insert};

/// The number of members of a group that is more than an answer may hold.
const MEMBERS: usize = 100_001;

/// Makes a group of so many members.
fn group(tenant: &Tenant, members: usize) -> anyhow::Result<String> {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    let group = json!({"schemas": [schema], "displayName": "all"});
    let made = tenant.ask("POST", "/Groups", &group)?.expect(201)?;
    let id = text(&made, "id")?;
    let names: Vec<String> = (0..members).map(|number| format!("u{number}")).collect();
    for names in names.chunks(5000) {
        let users = names.iter().map(|name| insert("User", name, "{}"));
        let link = |name: &String| Link {
            source: Key { kind: "Group".to_owned(), id: id.to_owned() },
            name: "members".to_owned(),
            target: Key { kind: "User".to_owned(), id: name.clone() },
        };
        let links = Write::Link(names.iter().map(link).collect());
        commit(tenant, users.chain(std::iter::once(links)).collect())?;
    }
    Ok(format!("/Groups/{id}"))
}

/// A change is answered with 204 and the new version, unless the client asks for what can be shown;
/// so is a read.
pub fn changes() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Sqlite::open(folder.path().join("large.db"))?;
    let tenant = Tenant::over(&database, DEFAULT)?;
    let group = group(&tenant, MEMBERS)?;
    let refused = tenant.get(&group)?;
    let refused = refused.refusal(400, &["excludedAttributes=members"])?;
    ensure!(refused["scimType"] == "tooMany", "{refused}");
    let without = format!("{group}?excludedAttributes=members");
    let shown = tenant.get(&without)?.expect(200)?;
    ensure!(shown["displayName"] == "all", "{shown}");
    let user = json!({"schemas": [SCHEMAS[0]], "userName": "one more"});
    let user = tenant.ask("POST", "/Users", &user)?.expect(201)?;
    let join = patch(json!([{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]));
    let joined = tenant.ask("PATCH", &group, &join)?;
    ensure!(joined.expect(204)? == Value::Null, "{joined:?}");
    let now = tenant.get(&without)?;
    ensure!(joined.header("etag") == now.header("etag"), "{joined:?}");
    let place = joined.header("content-location");
    ensure!(place.is_some_and(|place| place.ends_with(&group)), "{joined:?}");
    ensure!(
        text(&shown["meta"], "version")? != text(&now.expect(200)?["meta"], "version")?,
        "the version"
    );
    let leave =
        patch(json!([{"op": "remove", "path": format!("members[value eq {}]", user["id"])}]));
    let left = tenant.ask("PATCH", &format!("{group}?attributes=displayName"), &leave)?;
    ensure!(left.expect(200)?["displayName"] == "all", "{left:?}");
    let found =
        tenant.get("/Groups?attributes=displayName&filter=members.value%20eq%20%22u7%22")?;
    ensure!(found.expect(200)?["totalResults"] == 1, "{found:?}");
    Ok(())
}

/// The cost of a change of members must not depend on how many there are: unless the client says
/// what it wants to see, the answer has a group of up to a hundred members, and none that is
/// larger.
pub fn answers() -> anyhow::Result<()> {
    let tenant = Tenant::over(&Memory::exact(), DEFAULT)?;
    let group = group(&tenant, 101)?;
    let leave = |user: &str| {
        let path = format!("members[value eq \"{user}\"]");
        patch(json!([{"op": "remove", "path": path}]))
    };
    let count = |shown: &Value| shown["members"].as_array().map(Vec::len);
    let rename = patch(json!([{"op": "replace", "path": "displayName", "value": "many"}]));
    tenant.ask("PATCH", &group, &rename)?.expect(204)?;
    let asked = format!("{group}?attributes=members");
    let left = tenant.ask("PATCH", &asked, &leave("u0"))?;
    ensure!(count(&left.expect(200)?) == Some(100), "{left:?}");
    let left = tenant.ask("PATCH", &group, &leave("u1"))?;
    ensure!(count(&left.expect(200)?) == Some(99), "{left:?}");
    Ok(())
}
