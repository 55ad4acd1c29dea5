//! The events of a tenant, as those who follow them get them: by command, over HTTP and by webhook.
//! All of it with the real binary.

mod command;
mod egress;
mod epoch;
mod http;
mod own_type;
mod receiver;
mod since;
mod webhook;

use anyhow::Context;
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::Http;
use serde_json::{Value, json};

/// One trial for each way, and for each thing that goes wrong on it.
pub fn trials() -> Vec<Trial> {
    let mut trials = command::trials();
    trials.extend(egress::trials());
    trials.extend(epoch::trials());
    trials.extend(http::trials());
    trials.extend(own_type::trials());
    trials.extend(since::trials());
    trials.extend(webhook::trials());
    trials
}

const CREATED: &str = "urn:ietf:params:scim:event:prov:create:notice";
const PATCHED: &str = "urn:ietf:params:scim:event:prov:patch:notice";
const DELETED: &str = "urn:ietf:params:scim:event:prov:delete";

/// Creates a user; returns its path below the base URL.
async fn user(http: &Http, name: &str) -> anyhow::Result<String> {
    let user = json!({"userName": name, "title": "new"});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    Ok(format!("/Users/{}", text(&made, "id")?))
}

/// Changes a user.
async fn retitle(http: &Http, user: &str, title: &str) -> anyhow::Result<()> {
    let operation = json!([{"op": "replace", "path": "title", "value": title}]);
    http.ask("PATCH", user, &patch(operation)).await?.expect(200)?;
    Ok(())
}

async fn delete(http: &Http, user: &str) -> anyhow::Result<()> {
    http.ask("DELETE", user, &Value::Null).await?.expect(204)?;
    Ok(())
}

/// Number, name and subject of an event.
fn gist(event: &Value) -> anyhow::Result<(u64, &str, &str)> {
    let number = event["sequence"].as_u64().context("no number")?;
    Ok((number, text(event, "name")?, text(event, "subject")?))
}
