//! The process whose instructions are counted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use scimlet::http::Caller;
use scimlet::plugin::clock::SystemClock;
use scimlet::plugin::random::OsRandom;
use scimlet::plugin::{Limits, Reuse};
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store};
use scimlet::{Plugin, PluginOptions, Provider};
use scimlet_tests::exchange::{Call, Endpoint as _, InProcess, TENANT};
use scimlet_tests::native::Native;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What can be asked.
pub const OPERATIONS: [&str; 5] = ["get", "eq", "patch", "create", "member-add"];

/// Valgrind is slow, and one request at a time needs one instance.
fn limits() -> Limits {
    let patience = Duration::from_secs(3600);
    Limits {
        concurrency: 2,
        compute: patience,
        request: patience,
        ..Limits::default()
    }
}

/// Answers so many requests of one kind, when some more than so many people are there.
pub fn run(side: &str, operation: &str, requests: u32, people: u32) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(answer(side, operation, requests, people))
}

async fn answer(side: &str, operation: &str, requests: u32, people: u32) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let endpoint = endpoint(side, &folder).await?;
    let mut ids = Vec::new();
    for number in 0..=people {
        let created = ask(&endpoint, "POST", "/Users", user(number)).await?;
        ids.push(id(&created)?);
    }
    let group =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"});
    let group = id(&ask(&endpoint, "POST", "/Groups", group).await?)?;
    for number in 1..=requests {
        let (method, target, body) = match operation {
            "get" => ("GET", format!("/Users/{}", ids[0]), Value::Null),
            "eq" => {
                let filter = "userName%20eq%20%22user0@example.com%22";
                ("GET", format!("/Users?filter={filter}"), Value::Null)
            }
            "patch" => {
                let change =
                    json!({"op": "replace", "value": {"displayName": format!("U{number}")}});
                ("PATCH", format!("/Users/{}", ids[0]), patch(change))
            }
            "create" => ("POST", "/Users".to_owned(), user(people + number)),
            "member-add" => {
                let member = json!([{"value": ids[number as usize]}]);
                let change = json!({"op": "add", "path": "members", "value": member});
                ("PATCH", format!("/Groups/{group}"), patch(change))
            }
            other => anyhow::bail!("no operation is called {other}"),
        };
        ask(&endpoint, method, &target, body).await?;
    }
    Ok(())
}

async fn endpoint(side: &str, folder: &TempDir) -> anyhow::Result<InProcess> {
    let database = Sqlite::open(folder.path().join("bench.db"))?;
    database.create_tenant(TENANT, 0).await?;
    let store: Arc<dyn Store> = database.open(TENANT).await?.context("no tenant")?;
    let native = Native {
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
    };
    native
        .configure(store.clone(), r#"{"extends":"default"}"#)
        .await?;
    let issued = native.issue_credential(store.clone(), TENANT).await?;
    let component = |reuse| {
        Plugin::new(PluginOptions {
            limits: limits(),
            reuse,
            ..PluginOptions::default()
        })
    };
    let provider: Arc<dyn Provider> = match side {
        "fresh" => Arc::new(component(None)?),
        "reused" => Arc::new(component(Some(Reuse::default()))?),
        "native" => Arc::new(native),
        other => anyhow::bail!("no side is called {other}"),
    };
    Ok(InProcess {
        provider,
        store,
        secret: issued.secret,
        caller: Caller::Unknown,
    })
}

async fn ask(
    endpoint: &InProcess,
    method: &str,
    target: &str,
    body: Value,
) -> anyhow::Result<Value> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let call = Call {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: vec![
            header("authorization", &format!("Bearer {}", endpoint.secret)),
            header("content-type", "application/scim+json"),
        ],
        body: match body {
            Value::Null => String::new(),
            body => body.to_string(),
        },
    };
    let answer = endpoint.send(call).await?;
    ensure!((200..300).contains(&answer.status), "{answer:?}");
    Ok(serde_json::from_str(&answer.body).unwrap_or_default())
}

fn id(created: &Value) -> anyhow::Result<String> {
    Ok(created["id"].as_str().context("no id")?.to_owned())
}

/// As Okta creates a user.
fn user(number: u32) -> Value {
    let name = format!("user{number}@example.com");
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": name, "type": "work"}],
        "displayName": "Test User",
        "externalId": name,
        "active": true,
    })
}

fn patch(change: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [change]})
}
