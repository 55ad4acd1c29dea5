//! Profiles: what is wrong in one is named, its JSON Schema knows as much, and a change holds from the next request on.

mod mistakes;
mod schema;

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server;
use serde_json::{Map, Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("profiles::every_field_is_described", schema::described),
        trial("profiles::a_change_holds_from_the_next_request_on", change),
    ];
    for preset in scimlet_core::profile::presets() {
        let named = move || failing(mistakes::named(preset));
        let refused = move || failing(mistakes::refused_by_the_schema(preset));
        let name = |what: &str| format!("profiles::{what}::{preset}");
        trials.push(Trial::test(name("mistakes_are_named"), named));
        trials.push(Trial::test(name("the_schema_knows"), refused));
    }
    trials
}

fn failing(outcome: anyhow::Result<()>) -> Result<(), Failed> {
    outcome.map_err(|error| format!("{error:#}").into())
}

/// A file of the presets' folder.
fn read(name: &str) -> anyhow::Result<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/core/profiles");
    let text = fs::read_to_string(folder.join(name)).with_context(|| name.to_owned())?;
    Ok(serde_json::from_str(&text)?)
}

fn preset(name: &str) -> anyhow::Result<Value> {
    read(&format!("{name}.json"))
}

/// A preset with everything that it extends.
fn merged(name: &str) -> anyhow::Result<Value> {
    let mut own = preset(name)?;
    let extends = own.as_object_mut().and_then(|own| own.remove("extends"));
    Ok(match extends {
        Some(base) => over(merged(base.as_str().context("no name")?)?, own),
        None => own,
    })
}

fn over(base: Value, own: Value) -> Value {
    match (base, own) {
        (Value::Object(mut base), Value::Object(own)) => {
            for (name, value) in own {
                let old = base.remove(&name);
                let value = old.map_or(value.clone(), |old| over(old, value));
                base.insert(name, value);
            }
            Value::Object(base)
        }
        (_, own) => own,
    }
}

/// The members of an object, none of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

async fn change() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let set = |setting: &str| server::json(folder.path(), &["tenant", "set", TENANT, setting]);
    http.get("/Users").await?.expect(200)?;
    set("enabled=false")?;
    http.get("/Users").await?.expect(403)?;
    set("enabled=true")?;
    let user = json!({"userName": "ada"});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    set("users.removal=\"deactivate\"")?;
    let target = format!("/Users/{}", made["id"].as_str().context("no id")?);
    http.ask("DELETE", &target, &Value::Null)
        .await?
        .expect(204)?;
    let left = http.get(&target).await?.expect(200)?;
    ensure!(left["active"] == false, "{left}");
    set("users.user-name.email=true")?;
    let user = json!({"userName": "bob"});
    http.ask("POST", "/Users", &user).await?.expect(400)?;
    set("users.user-name.email=false")?;
    http.ask("POST", "/Users", &user).await?.expect(201)?;
    Ok(())
}
