//! Requests that would cost the server more than it allows are refused, with a status that says
//! whose fault it is.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("neighbours::values_are_bounded", values),
        trial("neighbours::long_values_are_bounded", long_values),
        trial("neighbours::names_are_bounded", names),
        trial("neighbours::unserved_terms_are_bounded", unserved),
        trial("neighbours::unserved_terms_count", counted),
        trial("neighbours::writes_pass_a_reader", beside_a_reader),
    ]
}

/// The userName of a user that is erased.
const ERASED: &str = "ada-who-is-erased";

/// Expects that a request is refused with 400 and this scimType.
async fn refused(http: &Http, call: (&str, &str), body: &Value, kind: &str) -> anyhow::Result<()> {
    let error = http.ask(call.0, call.1, body).await?.expect(400)?;
    ensure!(error["scimType"] == kind, "{call:?}: {error}");
    Ok(())
}

fn emails(from: usize, count: usize) -> Value {
    let email = |number: usize| json!({"value": format!("mail{number}@example.com")});
    (from..from + count).map(email).collect()
}

async fn values() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let user = |count| json!({"userName": "ada", "emails": emails(0, count)});
    refused(&http, ("POST", "/Users"), &user(1001), "invalidValue").await?;
    let made = http.ask("POST", "/Users", &user(1000)).await?.expect(201)?;
    let target = format!("/Users/{}", text(&made, "id")?);
    refused(&http, ("PUT", &target), &user(1001), "invalidValue").await?;
    let add = |count| {
        let value = emails(1000, count);
        patch(json!([{"op": "add", "path": "emails", "value": value}]))
    };
    refused(&http, ("PATCH", &target), &add(1), "invalidValue").await?;
    let kept = http.get(&target).await?.expect(200)?;
    ensure!(kept["emails"] == user(1000)["emails"], "{kept}");
    Ok(())
}

async fn long_values() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let user = |bytes| json!({"userName": "ada", "displayName": "a".repeat(bytes)});
    refused(&http, ("POST", "/Users"), &user(65_537), "invalidValue").await?;
    let made = http.ask("POST", "/Users", &user(65_536)).await?.expect(201)?;
    let target = format!("/Users/{}", text(&made, "id")?);
    let long = json!([{"op": "replace", "path": "name.givenName", "value": "a".repeat(65_537)}]);
    refused(&http, ("PATCH", &target), &patch(long), "invalidValue").await?;
    let title = json!([{"op": "replace", "path": "title", "value": "Countess"}]);
    http.ask("PATCH", &target, &patch(title)).await?.expect(200)?;
    Ok(())
}

async fn names() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let none = Value::Null;
    for parameter in ["attributes", "excludedAttributes"] {
        let list = |count| vec!["title"; count];
        let target = |count| format!("/Users?{parameter}={}", list(count).join(","));
        refused(&http, ("GET", &target(101)), &none, "invalidValue").await?;
        http.get(&target(100)).await?.expect(200)?;
        let search = |count| {
            let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
            json!({"schemas": [schema], parameter: list(count)})
        };
        let post = ("POST", "/Users/.search");
        refused(&http, post, &search(101), "invalidValue").await?;
        http.ask(post.0, post.1, &search(100)).await?.expect(200)?;
    }
    Ok(())
}

/// A search for so many texts somewhere in names.
fn search(terms: usize) -> String {
    let terms: Vec<String> =
        (0..terms).map(|term| format!("displayName%20co%20%22nobody{term}%22")).collect();
    format!("/Users?filter={}", terms.join("%20or%20"))
}

async fn unserved() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    refused(&http, ("GET", &search(9)), &Value::Null, "tooMany").await?;
    http.get(&search(8)).await?.expect(200)?;
    Ok(())
}

async fn counted() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let set = ["tenant", "set", TENANT, "rate.requests-per-second=10"];
    server::json(folder.path(), &set)?;
    let http = server.endpoint(TENANT)?;
    let mut answered = 0;
    while http.get(&search(8)).await?.status == 200 {
        answered += 1;
        ensure!(answered < 10, "each counts as one");
    }
    ensure!(answered > 0, "not one is answered");
    Ok(())
}

/// A long read of a snapshot stops no write; the text of an erased user leaves the log when it
/// ends.
async fn beside_a_reader() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let user = |name: String| json!({"userName": name});
    let made = http.ask("POST", "/Users", &user(ERASED.into())).await?;
    let id = text(&made.expect(201)?, "id")?.to_owned();
    let reader = rusqlite::Connection::open(folder.path().join("scimlet.db"))?;
    reader.execute_batch("BEGIN")?;
    let read =
        reader.query_row("SELECT count(*) FROM scimlet_tenant", [], |row| row.get::<_, i64>(0));
    read?;
    server::json(folder.path(), &["user", "erase", TENANT, &id])?;
    for number in 0..20 {
        let user = user(format!("user{number}"));
        let create = http.ask("POST", "/Users", &user);
        let made = timeout(Duration::from_secs(5), create).await;
        made.map_err(|_| anyhow::anyhow!("a write waits for the reader"))??.expect(201)?;
    }
    drop(reader);
    // Now it leaves the log, though nobody writes any more.
    let log = folder.path().join("scimlet.db-wal");
    for _ in 0..100 {
        let bytes = std::fs::read(&log)?;
        if !bytes.windows(ERASED.len()).any(|part| part == ERASED.as_bytes()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("what was erased stays in the log")
}
