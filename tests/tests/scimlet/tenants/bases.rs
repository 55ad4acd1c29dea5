//! The URLs below which a tenant is served, and that every link in an answer begins with the one
//! that was used (RFC 7643 section 3.1, RFC 7644 section 3.3).

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use serde_json::{Value, json};

use super::Town;
use crate::trial;

const BASES: [&str; 4] = ["/ours/scim/v2", "/ours/scim", "/scim/v2", "/scim"];

pub fn trials() -> Vec<Trial> {
    let trial = |base| trial(format!("tenants::base::{base}"), move || serves(base));
    BASES.into_iter().map(trial).collect()
}

async fn serves(base: &str) -> anyhow::Result<()> {
    let town = Town::build().await?;
    let base = format!("{}{base}", town.server.url);
    let http = town.ours.http.at(&base);
    let user = json!({"userName": "somebody"});
    let answer = http.ask("POST", "/Users", &user).await?;
    let user = answer.expect(201)?;
    let location = format!("{base}/Users/{}", text(&user, "id")?);
    ensure!(answer.header("location") == Some(&location), "{answer:?}");
    let group = json!({"displayName": "some", "members": [{"value": user["id"]}]});
    http.ask("POST", "/Groups", &group).await?.expect(201)?;
    let read = http.at(&location).get("").await?.expect(200)?;
    ensure!(read["userName"] == "somebody", "{read}");

    let targets = "Users Groups Schemas ResourceTypes ResourceTypes/User ServiceProviderConfig";
    for target in targets.split(' ') {
        let document = http.get(&format!("/{target}")).await?.expect(200)?;
        let links = links(&document);
        let stray = links.iter().find(|link| !link.starts_with(&format!("{base}/")));
        ensure!(!links.is_empty(), "no links in {document}");
        ensure!(stray.is_none(), "{stray:?} in /{target}");
    }
    let groups = read["groups"].as_array().context("no groups")?;
    let to_group = text(&groups[0], "$ref")?;
    http.at(to_group).get("").await?.expect(200)?;
    Ok(())
}

/// Every `location` and `$ref`.
fn links(document: &Value) -> Vec<String> {
    match document {
        Value::Array(values) => values.iter().flat_map(links).collect(),
        Value::Object(members) => {
            let deeper = members.values().flat_map(links);
            let here = ["location", "$ref"];
            let here = here.iter().filter_map(|name| members.get(*name)?.as_str());
            here.map(str::to_owned).chain(deeper).collect()
        }
        _ => Vec::new(),
    }
}
