//! A change of a large group's members does not load the group, in whatever shape a client sends
//! it.

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::http::Caller;
use scimlet::store::Database;
use scimlet::store::memory::Memory;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use scimlet_tests::fixed::{KnownBytes, SteppingClock};
use scimlet_tests::native::Native;
use scimlet_tests::reads::Counted;
use serde_json::{Value, json};

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![crate::trial("quirks::a_large_group_is_not_loaded", changed)]
}

const MEMBERS: usize = 120;

async fn changed() -> anyhow::Result<()> {
    let (store, service) = service().await?;
    let mut users = Vec::new();
    for number in 0..MEMBERS {
        let user = json!({"userName": format!("user{number}")});
        users.push(made(&service, "/Users", user).await?);
    }
    let member = |user: &String| json!({ "value": user });
    let members: Vec<Value> = users.iter().skip(1).map(member).collect();
    let group = json!({"displayName": "Everybody", "members": members});
    let group = made(&service, "/Groups", group).await?;
    // The answer is asked for without members.
    let target = format!("/Groups/{group}?attributes=displayName");
    let before = store.linked();
    let first = json!([{"$ref": null, "value": users[0]}]);
    for (operation, version) in [
        (json!({"op": "Add", "path": "members", "value": first}), 2),
        (json!({"op": "Remove", "path": "members", "value": first}), 3),
        (json!({"op": "add", "value": {"members": [{"value": users[0], "display": null}]}}), 4),
        (json!({"op": "remove", "path": format!(r#"members[value eq "{}"]"#, users[0])}), 5),
        // More than one filter holds, and not all of them.
        (json!({"op": "remove", "path": "members", "value": &members[1..]}), 6),
    ] {
        let answer = ask(&service, "PATCH", &target, &patch(json!([operation]))).await?;
        answer.expect(200)?;
        let expected = format!("W/\"{version}\"");
        ensure!(answer.header("etag") == Some(&expected), "{operation}: {answer:?}");
        ensure!(store.linked() == before, "{operation} has loaded members");
    }
    let left = ask(&service, "GET", &format!("/Groups/{group}"), &Value::Null).await?;
    let left = left.expect(200)?;
    let left = left["members"].as_array().context("no members")?;
    ensure!(left.len() == 1 && left[0]["value"] == json!(users[1]), "{left:?}");
    Ok(())
}

/// A tenant under Entra ID's profile over a store that counts; `schemas` may be left out.
async fn service() -> anyhow::Result<(Arc<Counted>, InProcess)> {
    let database = Memory::exact();
    database.create_tenant(TENANT, 0).await?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    let store = Arc::new(Counted::new(store));
    let native = Native {
        clock: Arc::new(SteppingClock::default()),
        random: Arc::new(KnownBytes::default()),
    };
    let profile = r#"{"extends":"entra","clients":["entra","authentik"]}"#;
    native.configure(store.clone(), profile).await?;
    let secret = native.issue_credential(store.clone(), TENANT).await?.secret;
    let service = InProcess {
        provider: Arc::new(native),
        store: store.clone(),
        secret,
        caller: Caller::Unknown,
    };
    Ok((store, service))
}

async fn made(service: &InProcess, target: &str, body: Value) -> anyhow::Result<String> {
    let made = ask(service, "POST", target, &body).await?.expect(201)?;
    Ok(text(&made, "id")?.to_owned())
}

async fn ask(
    service: &InProcess,
    method: &str,
    target: &str,
    body: &Value,
) -> anyhow::Result<Answer> {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let headers = vec![
        header("authorization", format!("Bearer {}", service.secret)),
        header("content-type", "application/scim+json".to_owned()),
    ];
    let (method, target) = (method.to_owned(), target.to_owned());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    service.send(Call { method, target, headers, body }).await
}
