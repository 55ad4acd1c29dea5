//! Profiles: what is wrong in one is named, its JSON Schema knows as much, and a change holds from
//! the next request on.

mod mistakes;
mod schema;

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet_tests::exchange::{Answer, Call, Endpoint, TENANT};
use scimlet_tests::{outbox, server};
use serde_json::{Map, Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("profiles::every_field_is_described", schema::described),
        trial("profiles::a_change_holds_from_the_next_request_on", change),
        trial("profiles::a_rate_is_held_and_told", rate),
        trial("profiles::a_closed_gate_is_in_the_audit", gate),
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
    http.ask("DELETE", &target, &Value::Null).await?.expect(204)?;
    http.get(&target).await?.expect(404)?;
    let id = made["id"].as_str().context("no id")?;
    let left = server::json(folder.path(), &["user", "show", TENANT, id])?;
    ensure!(left["active"] == false, "{left}");
    set("users.user-name.email=true")?;
    let user = json!({"userName": "bob"});
    http.ask("POST", "/Users", &user).await?.expect(400)?;
    set("users.user-name.email=false")?;
    http.ask("POST", "/Users", &user).await?.expect(201)?;
    Ok(())
}

/// The guest says what to count to, the host counts, and nobody sees what the one told the other.
async fn rate() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let settings = ["rate.requests-per-second=3", "rate.headers=true"];
    let command = [&["tenant", "set", TENANT][..], &settings].concat();
    server::json(folder.path(), &command)?;
    let endpoint = server.endpoint(TENANT)?;
    let call = || Call {
        method: "GET".to_owned(),
        target: "/Users".to_owned(),
        headers: vec![("authorization".to_owned(), format!("Bearer {}", endpoint.secret()))],
        body: String::new(),
    };
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(endpoint.send(call()).await?);
    }
    let first = answers.first().context("no answer")?;
    ensure!(first.status == 200, "{first:?}");
    ensure!(
        first.header("ratelimit-policy").is_some_and(|policy| policy.contains("q=3")),
        "{first:?}"
    );
    ensure!(first.header("ratelimit").is_some(), "{first:?}");
    let refused = answers.iter().find(|answer| answer.status == 429);
    let refused = refused.with_context(|| format!("none of twenty was refused: {answers:?}"))?;
    let pause: u64 = refused.header("retry-after").context("no Retry-After")?.parse()?;
    ensure!(pause >= 1 && refused.body.contains("api:messages:2.0:Error"), "{refused:?}");
    let internal =
        |answer: &&Answer| answer.headers.iter().any(|(name, _)| name.starts_with("x-scimlet"));
    ensure!(!answers.iter().any(|answer| internal(&answer)), "{answers:?}");
    Ok(())
}

async fn gate() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    server::json(folder.path(), &["tenant", "set", TENANT, "enabled=false"])?;
    http.get("/Users").await?.expect(403)?;
    let events = outbox::audit(folder.path(), TENANT).await?;
    let last = events.last().context("the audit is empty")?;
    ensure!(last.event.name == "refused" && last.actor != "admin", "{last:?}");
    ensure!(last.event.body.contains("403"), "{last:?}");
    Ok(())
}
