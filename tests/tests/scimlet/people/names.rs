//! Unique userNames, and texts that are refused as names.

use anyhow::{Context, ensure};
use scimlet::store::memory::Memory;
use scimlet_tests::client::patch;
use serde_json::{Value, json};

use super::{Site, user, with};

pub(super) async fn external_ids_are_unique(database: Memory) -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "users": {"unique-external-id": true}});
    let site = Site::new(database, profile).await?;
    let named = |name: &str, external: &str| with(user(name), json!({"externalId": external}));
    let first = site.made(named("ada", "x")).await?;
    let answer = site.post(named("bob", "x")).await?.expect(409)?;
    ensure!(answer["scimType"] == "uniqueness", "{answer}");
    let bob = site.made(named("bob", "y")).await?;
    let body = patch(json!([{"op": "replace", "path": "externalId", "value": "x"}]));
    let answer = site.ask("PATCH", &format!("/Users/{bob}"), body).await?;
    ensure!(answer.expect(409)?["scimType"] == "uniqueness");
    site.made(user("cy")).await?;
    site.made(user("di")).await.context("nobody needs one")?;
    let target = format!("/Users/{first}");
    site.ask("DELETE", &target, Value::Null).await?.expect(204)?;
    site.made(named("ed", "x")).await?;
    let group = |name: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "externalId": "g",
        })
    };
    for name in ["a", "b"] {
        site.ask("POST", "/Groups", group(name)).await?.expect(201)?;
    }
    Ok(())
}

pub(super) async fn invisible_names(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, json!({"extends": "default"})).await?;
    let names =
        [" ada", "ada ", "a\u{200b}da", "a\u{7}da", "\u{feff}ada", "ada\u{202e}", "ada\u{a0}"];
    for name in names {
        let answer = site.post(user(name)).await?.expect(400).context(name)?;
        ensure!(answer["scimType"] == "invalidValue", "{answer}");
    }
    let id = site.made(user("ada lovelace")).await?;
    let target = format!("/Users/{id}");
    for name in ["ada ", "  "] {
        site.ask("PUT", &target, user(name)).await?.expect(400)?;
        let body = patch(json!([{"op": "replace", "path": "userName", "value": name}]));
        site.ask("PATCH", &target, body).await?.expect(400)?;
    }
    let strict = Site::new(Memory::exact(), json!({"extends": "strict"})).await?;
    for name in names {
        strict.made(user(name)).await.context(name)?;
    }
    strict.post(user(" \u{a0}")).await?.expect(400).context("blank")?;
    // A name that was let in before does not stop other changes.
    let old = strict.made(user(" old")).await?;
    strict.admin().configure(r#"{"extends":"default"}"#, None).await?;
    let target = format!("/Users/{old}");
    let put = with(user(" old"), json!({"title": "x"}));
    strict.ask("PUT", &target, put).await?.expect(200)?;
    Ok(())
}

const THING: &str = "urn:example:schemas:2.0:Thing";
const MORE: &str = "urn:example:schemas:extension:2.0:More";

/// A type with a unique attribute of each kind, in both of its schemas.
fn unique_kinds() -> Value {
    let attributes = json!([
        {"name": "simple", "uniqueness": "server"},
        {"name": "several", "multiValued": true, "uniqueness": "server"},
        {"name": "complex", "type": "complex",
            "subAttributes": [{"name": "part", "uniqueness": "server"}]},
        {"name": "entries", "type": "complex", "multiValued": true,
            "subAttributes": [{"name": "value", "uniqueness": "server"}]},
        {"name": "other"},
    ]);
    let schema = |id: &str| json!({"id": id, "name": "Thing", "attributes": attributes});
    json!({
        "extends": "default", "schemas": [schema(THING), schema(MORE)],
        "resourceTypes": [{
            "name": "Thing", "endpoint": "/Things",
            "schema": THING, "schemaExtensions": [{"schema": MORE}],
        }],
    })
}

/// The profile's rules for unique names hold for every kind of attribute that can be unique, by
/// every way to write it.
pub(super) async fn unique_of_all_kinds(database: Memory) -> anyhow::Result<()> {
    let site = Site::new(database, unique_kinds()).await?;
    let kinds = |text: &str| {
        [
            ("simple", json!(text)),
            ("several", json!([text])),
            ("complex", json!({"part": text})),
            ("entries", json!([{"value": text}])),
        ]
    };
    for extension in [false, true] {
        let thing = |attribute: &str, value: &Value| match extension {
            true => json!({"schemas": [THING], MORE: {attribute: value}}),
            false => json!({"schemas": [THING], attribute: value}),
        };
        for (attribute, bad) in kinds("a\u{200b}") {
            let path = if extension { format!("{MORE}:{attribute}") } else { attribute.to_owned() };
            let body = thing(attribute, &bad);
            site.ask("POST", "/Things", body.clone()).await?.expect(400).context(path.clone())?;
            let good = kinds(&format!("{path} good"));
            let (_, good) = good.iter().find(|(name, _)| *name == attribute).context("no kind")?;
            let made = site.ask("POST", "/Things", thing(attribute, good)).await?;
            let made = made.expect(201)?;
            let target = format!("/Things/{}", made["id"].as_str().context("no id")?);
            site.ask("PUT", &target, body).await?.expect(400).context(path.clone())?;
            for op in ["add", "replace"] {
                let change = patch(json!([{"op": op, "path": path, "value": bad}]));
                site.ask("PATCH", &target, change).await?.expect(400).context(path.clone())?;
            }
            let again = site.ask("POST", "/Things", thing(attribute, good)).await?.expect(409)?;
            ensure!(again["scimType"] == "uniqueness", "{path}: {again}");
            let free = thing("other", &json!(" a\u{200b}"));
            site.ask("POST", "/Things", free).await?.expect(201).context(path.clone())?;
        }
    }
    Ok(())
}
