//! Lists over HTTP, by the component with the memory and the time that an instance has.

use std::time::Instant;

use anyhow::{Context, ensure};
use scimlet::store::Database as _;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::{patch, text};
use scimlet_tests::crowd;
use scimlet_tests::exchange::Http;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answered, by_cursor, by_index, large_group as members, sizes};

const TENANT: &str = "demo";
/// A server, and the store of a tenant of it.
async fn fresh()
-> anyhow::Result<(TempDir, Server, Http, std::sync::Arc<dyn scimlet::store::Store>)> {
    let (folder, server) = server::fresh()?;
    let endpoint = server.endpoint(TENANT)?;
    let database = Sqlite::open(folder.path().join("scimlet.db"))?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    Ok((folder, server, endpoint, store))
}

fn asked(endpoint: &Http, target: String) -> Answered<'_> {
    Box::pin(async move {
        let answer = endpoint.get(&target).await?;
        answer.expect(200).context(target)
    })
}

pub async fn walks() -> anyhow::Result<()> {
    let (folder, _server, endpoint, store) = fresh().await?;
    let (groups, members) = sizes()?;
    crowd::fill(&*store, groups, members).await?;
    let ask = |target: String| asked(&endpoint, target);
    for target in ["/Groups?", "/Groups?sortBy=displayName&"] {
        let index = by_index(&ask, target, 100).await?;
        index.check(groups, "members", members)?;
        let cursor = by_cursor(&ask, target, 100).await?;
        cursor.check(groups, "members", members)?;
        ensure!(cursor.pages.len() > 1, "{:?}", cursor.pages);
    }
    let listed = server::json(folder.path(), &["user", "list", TENANT])?;
    let listed = listed.as_array().map(Vec::len);
    ensure!(listed == Some(members + 40), "{listed:?}");
    Ok(())
}

/// Thirty users of almost a mebibyte each.
pub async fn large_users() -> anyhow::Result<()> {
    let (folder, _server, endpoint, _store) = fresh().await?;
    let phone = |number: usize| json!({"value": format!("{number:02}{}", "x".repeat(60_000))});
    let phones: Vec<Value> = (0..16).map(phone).collect();
    for number in 0..30 {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("u{number}"), "title": "x", "phoneNumbers": phones});
        endpoint.ask("POST", "/Users", &user).await?.expect(201)?;
    }
    let ask = |target: String| asked(&endpoint, target);
    for target in ["/Users?", "/?", "/Users?sortBy=userName&", "/Users?filter=title%20pr&"] {
        by_index(&ask, target, 100).await?.check(30, "groups", 0)?;
        by_cursor(&ask, target, 100).await?.check(30, "groups", 0)?;
    }
    let listed = server::json(folder.path(), &["user", "list", TENANT])?;
    ensure!(listed.as_array().map(Vec::len) == Some(30), "the product's list");
    Ok(())
}

/// A group of many thousands is made, read, replaced and changed as a whole.
pub async fn large_group() -> anyhow::Result<()> {
    let (_folder, _server, endpoint, store) = fresh().await?;
    let members = members()?;
    crowd::users(&*store, members + 1000).await?;
    let list = |from: usize| -> Value {
        let one = |number: usize| {
            let id = format!("u{}", number + from);
            json!({"value": id, "type": "User", "display": format!("user {number}"),
                "$ref": format!("{}/Users/{id}", endpoint.base)})
        };
        (0..members).map(one).collect()
    };
    let group = |from| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "all", "members": list(from)})
    };
    let step = |name: &'static str| {
        let begun = Instant::now();
        move || println!("{name}: {:?}", begun.elapsed())
    };
    let done = step("POST");
    let made = endpoint.ask("POST", "/Groups", &group(0)).await?.expect(201)?;
    done();
    ensure!(count(&made) == members, "{} members", count(&made));
    let path = format!("/Groups/{}", text(&made, "id")?);
    let done = step("PUT of half others");
    let put = endpoint.ask("PUT", &path, &group(500)).await?.expect(200)?;
    done();
    ensure!(count(&put) == members, "{} members", count(&put));
    let done = step("GET");
    let read = endpoint.get(&path).await?.expect(200)?;
    done();
    let ids = |group: &Value| -> Vec<String> {
        let members = group["members"].as_array().into_iter().flatten();
        let mut ids: Vec<String> =
            members.filter_map(|one| Some(one["value"].as_str()?.to_owned())).collect();
        ids.sort();
        ids
    };
    let mut wanted: Vec<String> = (500..members + 500).map(|number| format!("u{number}")).collect();
    wanted.sort();
    ensure!(ids(&read) == wanted, "other members");
    let replace = patch(json!([{"op": "replace", "path": "members", "value": list(0)}]));
    let done = step("PATCH");
    endpoint.ask("PATCH", &path, &replace).await?.expect(204)?;
    done();
    let filter = "/Groups?filter=displayName%20eq%20%22all%22";
    let found = endpoint.get(filter).await?.expect(200)?;
    ensure!(ids(&found["Resources"][0]).first().map(String::as_str) == Some("u0"), "not replaced");
    Ok(())
}

fn count(group: &Value) -> usize {
    group["members"].as_array().map_or(0, Vec::len)
}
