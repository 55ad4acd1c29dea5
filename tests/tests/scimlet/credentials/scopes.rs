//! Scopes: where a credential reaches.

use anyhow::{Context as _, ensure};
use libtest_mimic::Trial;
use scimlet::store::{Draft, Key, Replacement, Write};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::place::{BEGIN, Place};
use super::tokens;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("credentials::scopes_say_where_a_credential_reaches", table),
        trial("credentials::no_scope_widens_another", narrowest),
        trial("credentials::a_scope_hides_what_it_does_not_reach", hidden),
        trial("credentials::an_unknown_scope_is_refused", unknown),
    ]
}

/// Requests, each with the scopes that may send it, of which the empty one is a credential without
/// scopes; all others get 403.
const REACH: [(&str, &str, &[&str]); 12] = [
    ("GET", "/ServiceProviderConfig", &["", "read-only", "users", "groups", "bulk", "events"]),
    ("GET", "/Users", &["", "read-only", "users", "bulk"]),
    ("POST", "/Users", &["", "users", "bulk"]),
    ("POST", "/Users/.search", &["", "read-only", "users", "bulk"]),
    ("PATCH", "/Users/x", &["", "users", "bulk"]),
    ("DELETE", "/Users/x", &["", "users", "bulk"]),
    ("GET", "/Groups", &["", "read-only", "groups", "bulk"]),
    ("POST", "/Groups", &["", "groups", "bulk"]),
    ("PUT", "/Groups/x", &["", "groups", "bulk"]),
    ("GET", "/", &["", "read-only", "bulk"]),
    ("POST", "/.search", &["", "read-only", "bulk"]),
    ("POST", "/Bulk", &["", "bulk"]),
];

async fn table() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    for scope in ["", "read-only", "users", "groups", "bulk", "events"] {
        let named: Vec<&str> = [scope].into_iter().filter(|scope| !scope.is_empty()).collect();
        let bearer = format!("Bearer {}", place.issue(&named).await?.secret);
        for (method, target, scopes) in REACH {
            let status = place.ask(&bearer, (method, target, &json!({}))).await?.status;
            let (reaches, wanted) = (status != 403, scopes.contains(&scope));
            ensure!(reaches == wanted, "`{scope}`: {method} {target} is answered with {status}");
        }
    }
    Ok(())
}

/// `events` reaches no resources, whatever stands beside it: refused when a credential is issued,
/// and narrow where one is kept from before or an access token says so.
async fn narrowest() -> anyhow::Result<()> {
    let place = Place::new(&tokens::profile(7)).await?;
    for beside in [&["read-only"][..], &["bulk"], &["read-only", "bulk"]] {
        let scopes = [&["events"][..], beside].concat();
        let refused = place.issue(&scopes).await.err();
        let is_named = |error: &anyhow::Error| mentions(&error.to_string(), "events");
        ensure!(refused.as_ref().is_some_and(is_named), "{scopes:?}: {refused:?}");
        let kept = place.issue(&["events"]).await?;
        rescope(&place, &kept.credential.id, &scopes).await?;
        let words = scopes.iter().map(|scope| format!("scim:{scope}"));
        let words = words.collect::<Vec<_>>().join(" ");
        for bearer in [format!("Bearer {}", kept.secret), tokens::of_scope(&words)] {
            for target in ["/Users", "/Groups", "/"] {
                place.ask(&bearer, ("GET", target, &Value::Null)).await?.expect(403)?;
            }
            place.ask(&bearer, ("POST", "/Bulk", &json!({}))).await?.expect(403)?;
        }
    }
    // Areas add up.
    let both = place.issue(&["events", "users", "read-only"]).await?;
    ensure!(place.reads(&format!("Bearer {}", both.secret)).await? == 200);
    Ok(())
}

/// Writes other scopes into a kept credential, as releases before this rule did.
async fn rescope(place: &Place, id: &str, scopes: &[&str]) -> anyhow::Result<()> {
    let key = Key { kind: "$credential".to_owned(), id: id.to_owned() };
    let found = place.store.get(vec![key.clone()]).await;
    let found = found.unwrap_or_default().pop().flatten();
    let entry = found.context("the credential is kept")?;
    let mut body: Value = serde_json::from_str(&entry.body)?;
    body["scopes"] = scopes.into();
    let draft = Draft { key, body: body.to_string(), terms: Vec::new() };
    let replaced = Write::Replace(Replacement { draft, version: entry.version });
    let done = place.store.commit(BEGIN * 1000, "test".into(), vec![replaced]);
    ensure!(done.await.is_ok());
    Ok(())
}

/// A client without the scope of groups learns of no membership: not in an answer, not by a filter,
/// not inside a bulk.
async fn hidden() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    let all = format!("Bearer {}", place.issue(&[]).await?.secret);
    let few = format!("Bearer {}", place.issue(&["users", "bulk"]).await?.secret);
    let user =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
    let made: Value =
        serde_json::from_str(&place.ask(&all, ("POST", "/Users", &user)).await?.body)?;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g",
        "members": [{"value": made["id"]}],
    });
    place.ask(&all, ("POST", "/Groups", &group)).await?.expect(201)?;
    let shows = async |bearer: &str| -> anyhow::Result<bool> {
        let list = place.ask(bearer, ("GET", "/Users", &Value::Null)).await?;
        Ok(list.body.contains("\"groups\""))
    };
    ensure!(shows(&all).await? && !shows(&few).await?);
    for filter in
        ["groups%20pr", "not%20(groups.display%20eq%20%22g%22)", "groups%5Bvalue%20eq%20%22x%22%5D"]
    {
        let target = format!("/Users?filter={filter}");
        place.ask(&all, ("GET", &target, &Value::Null)).await?.expect(200)?;
        place.ask(&few, ("GET", &target, &Value::Null)).await?.expect(403)?;
    }
    let bob = json!({"schemas": user["schemas"], "userName": "bob"});
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "1", "data": bob},
            {"method": "POST", "path": "/Groups", "bulkId": "2", "data": group},
        ],
    });
    let answer = place.ask(&few, ("POST", "/Bulk", &bulk)).await?;
    let answer: Value = serde_json::from_str(&answer.body)?;
    let statuses = [0, 1].map(|at| answer["Operations"][at]["status"].clone());
    ensure!(statuses == ["201", "403"], "{answer}");
    Ok(())
}

async fn unknown() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    let error = place.issue(&["everything"]).await.expect_err("there is no such scope");
    ensure!(mentions(&error.to_string(), "everything"), "{error}");
    Ok(())
}
