//! A removal that carries a value: what it names goes and nothing else, for every client, kind of
//! attribute and form of value; `strict` refuses it. RFC 7644 section 3.5.2.2 has no value there
//! and would have all of them go.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet_core::profile;
use scimlet_tests::client::{patch, text};
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

const THING: &str = "urn:example:schemas:2.0:Thing";
const MORE: &str = "urn:example:schemas:extension:2.0:More";

/// A trial for each preset.
pub fn trials() -> Vec<Trial> {
    let trial = |preset: &'static str| {
        let run =
            move || tokio::task::block_in_place(|| values(preset).and_then(|()| members(preset)));
        crate::trial(format!("quirks::removal::{preset}"), move || async move { run() })
    };
    profile::presets().map(trial).collect()
}

/// A profile with things of all kinds of attributes, and no gate of the preset's own.
fn tenant(preset: &str) -> anyhow::Result<Tenant> {
    let attributes = json!([
        {"name": "words", "multiValued": true},
        {"name": "entries", "type": "complex", "multiValued": true,
            "subAttributes": [{"name": "type"}, {"name": "value"}, {"name": "display"}]},
    ]);
    let schema = |id: &str| json!({"id": id, "name": "Thing", "attributes": attributes});
    let policy = profile::Policy::preset(preset)?;
    let gates = policy.gates.keys();
    let gates: serde_json::Map<String, Value> =
        gates.map(|name| (name.to_owned(), json!({"met": true}))).collect();
    let group = json!({
        "name": "Group", "endpoint": "/Groups",
        "schema": "urn:ietf:params:scim:schemas:core:2.0:Group",
        "relations": [{"attribute": "members", "targets": ["Thing"]}],
    });
    let thing = json!({
        "name": "Thing", "endpoint": "/Things",
        "schema": THING, "schemaExtensions": [{"schema": MORE}],
    });
    let profile = json!({
        "extends": preset, "enabled": true, "gates": gates,
        "credentials": {"schemes": ["bearer"], "permissions": []},
        "attributes": {"mutability": {}, "map": {}},
        "schemas": [schema(THING), schema(MORE)], "resourceTypes": [thing, group],
    });
    Tenant::over(&Memory::exact(), &profile.to_string())
}

/// Whether a preset refuses a removal that carries a value.
fn refuses(preset: &str) -> bool {
    preset == "strict"
}

/// An attribute, its value before, what the removal names, and what is left.
type Row = (&'static str, Value, Value, Option<Value>);

fn rows() -> Vec<Row> {
    let a = || json!({"type": "work", "value": "a"});
    let b = || json!({"type": "home", "value": "b", "display": "B"});
    vec![
        ("words", json!(["a", "b"]), json!(["b"]), Some(json!(["a"]))),
        ("words", json!(["a", "b"]), json!("b"), Some(json!(["a"]))),
        ("words", json!(["a", "b"]), json!(["a", "b"]), None),
        ("words", json!(["a", "b"]), json!([]), Some(json!(["a", "b"]))),
        ("entries", json!([a(), b()]), json!([{"value": "b"}]), Some(json!([a()]))),
        ("entries", json!([a(), b()]), json!({"value": "b", "type": "home"}), Some(json!([a()]))),
        ("entries", json!([a(), b()]), json!([{"display": "B"}]), Some(json!([a()]))),
        ("entries", json!([a(), b()]), json!([{"bogus": "B"}]), Some(json!([a(), b()]))),
        ("entries", json!([a(), b()]), json!([{}]), Some(json!([a(), b()]))),
        ("entries", json!([a(), b()]), json!([]), Some(json!([a(), b()]))),
        ("entries", json!([a(), b()]), json!([a(), b()]), None),
    ]
}

fn values(preset: &str) -> anyhow::Result<()> {
    let tenant = tenant(preset)?;
    for (attribute, before, value, after) in rows() {
        for extension in [false, true] {
            let members = json!({attribute: before});
            let body = match extension {
                true => json!({"schemas": [THING], MORE: members}),
                false => json!({"schemas": [THING], attribute: before}),
            };
            let made = tenant.ask("POST", "/Things", &body)?.expect(201)?;
            let target = format!("/Things/{}", text(&made, "id")?);
            let path = if extension { format!("{MORE}:{attribute}") } else { attribute.to_owned() };
            let operation = json!({"op": "remove", "path": path, "value": value});
            let answer = tenant.ask("PATCH", &target, &patch(json!([operation])))?;
            let expected = if refuses(preset) { 400 } else { 200 };
            answer.expect(expected).with_context(|| operation.to_string())?;
            let now = tenant.get(&target)?.expect(200)?;
            let holder = if extension { &now[MORE] } else { &now };
            let wanted = if refuses(preset) { Some(&before) } else { after.as_ref() };
            ensure!(holder.get(attribute) == wanted, "{operation}: {now}");
        }
    }
    Ok(())
}

fn members(preset: &str) -> anyhow::Result<()> {
    let tenant = tenant(preset)?;
    let thing = || {
        let made = tenant.ask("POST", "/Things", &json!({"schemas": [THING]}))?.expect(201)?;
        text(&made, "id").map(ToOwned::to_owned)
    };
    let (one, two) = (thing()?, thing()?);
    let both = [one.as_str(), two.as_str()];
    let rows: [(Value, Vec<&str>); 5] = [
        (json!([{"value": two}]), vec![&one]),
        (json!({"value": two, "display": null, "$ref": null}), vec![&one]),
        (json!([{"value": "nobody"}]), both.to_vec()),
        (json!([]), both.to_vec()),
        (json!([{"value": one}, {"value": two}]), Vec::new()),
    ];
    for (at, (value, left)) in rows.into_iter().enumerate() {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("g{at}"), "members": [{"value": one}, {"value": two}],
        });
        let made = tenant.ask("POST", "/Groups", &group)?.expect(201)?;
        let target = format!("/Groups/{}", text(&made, "id")?);
        let operation = json!({"op": "remove", "path": "members", "value": value});
        let answer = tenant.ask("PATCH", &target, &patch(json!([operation])))?;
        answer.expect(if refuses(preset) { 400 } else { 200 })?;
        let now = tenant.get(&target)?.expect(200)?;
        let members = now["members"].as_array().into_iter().flatten();
        let mut ids: Vec<&str> = members.filter_map(|m| m["value"].as_str()).collect();
        ids.sort_unstable();
        let mut wanted = if refuses(preset) { both.to_vec() } else { left };
        wanted.sort_unstable();
        ensure!(ids == wanted, "{operation}: {now}");
    }
    Ok(())
}
