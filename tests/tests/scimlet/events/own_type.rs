//! The paths of resources of a type that the tenant's profile adds.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::Http;
use scimlet_tests::server;
use serde_json::{Value, json};

use super::http::Stream;
use super::receiver::Receiver;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::own_type::has_the_path_of_its_endpoint", paths),
        trial("events::own_type::has_the_path_of_its_endpoint_in_the_audit", audit),
    ]
}

const NAME: &str = "acme";
const SCHEMA: &str = "urn:example:Device";

/// A profile with devices, of which none may be changed.
fn profile(webhooks: &[Value]) -> Value {
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    let number = json!({"name": "number", "mutability": "immutable"});
    json!({
        "extends": "default",
        "schemas": [{"id": SCHEMA, "name": "Device", "attributes": [number, {"name": "owner"}]}],
        "resourceTypes": [
            {"name": "User", "endpoint": "/Users", "schema": user},
            {"name": "Device", "endpoint": "/Devices", "schema": SCHEMA},
        ],
        "webhooks": webhooks,
    })
}

fn create(folder: &Path, webhooks: &[Value]) -> anyhow::Result<()> {
    fs::write(folder.join("profile.json"), profile(webhooks).to_string())?;
    server::json(folder, &["tenant", "create", NAME, "--profile", "profile.json"])?;
    Ok(())
}

/// Creates a device; returns its path below the base URL.
async fn device(http: &Http) -> anyhow::Result<String> {
    let device = json!({"schemas": [SCHEMA], "number": "1"});
    let made = http.ask("POST", "/Devices", &device).await?.expect(201)?;
    Ok(format!("/Devices/{}", text(&made, "id")?))
}

/// A follower can ask for the resource that an event names.
async fn paths() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let receiver = Receiver::start(|_| 200).await?;
    create(folder.path(), &[receiver.webhook()])?;
    let http = server.endpoint(NAME)?;
    let credential = ["credential", "create", NAME, "--scope", "events"];
    let credential = server::json(folder.path(), &credential)?;
    let feed = Http::new(format!("{}/{NAME}", server.url), text(&credential, "secret")?)?;
    let mut stream = Stream::open(&feed, "/events", None).await?;
    let device = device(&http).await?;
    let first = stream.next().await?.context("the stream has ended")?;
    http.get(text(&first, "subject")?).await?.expect(200)?;
    let owner = patch(json!([{"op": "add", "path": "owner", "value": "ada"}]));
    http.ask("PATCH", &device, &owner).await?.expect(200)?;
    http.ask("DELETE", &device, &Value::Null).await?.expect(204)?;
    let page = feed.get("/events?after=0").await?.expect(200)?;
    let page = page["events"].as_array().context("no events")?;
    ensure!(page.len() == 3, "{page:?}");
    let received = receiver.when(|received| received.len() == 3).await?;
    for event in page.iter().chain(received.iter().map(|one| &one.event)) {
        ensure!(event["subject"] == device.as_str(), "{event}");
        ensure!(event["data"].get("path").is_none(), "it is there twice: {event}");
    }
    Ok(())
}

async fn audit() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    create(folder.path(), &[])?;
    let http = server.endpoint(NAME)?;
    let device = device(&http).await?;
    let number = patch(json!([{"op": "replace", "path": "number", "value": "2"}]));
    http.ask("PATCH", &device, &number).await?.expect(400)?;
    let audit = server::command(folder.path())?
        .args(["events", NAME, "--channel", "audit", "--json"])
        .output()?;
    let audit = String::from_utf8(audit.stdout)?;
    let refused = audit.lines().find(|line| line.contains("\"refused\"")).context("none")?;
    let refused: Value = serde_json::from_str(refused)?;
    ensure!(refused["subject"] == device.as_str(), "{refused}");
    Ok(())
}
