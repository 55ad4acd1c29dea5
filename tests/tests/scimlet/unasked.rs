//! Nothing is deleted that a client did not ask to have deleted: every kind of attribute, in the
//! main schema and in an extension, with every form of value under `add`, `replace` and PUT, with a
//! path and without, alone and in a bulk. RFC 7644 sections 3.5.1, 3.5.2.1 and 3.5.2.3; RFC 7643
//! section 2.5.

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet::store::memory::Memory;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::Answer;
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

const CORE: &str = "urn:example:schemas:2.0:Thing";
const EXTENSION: &str = "urn:example:schemas:extension:2.0:More";

/// An attribute, or values of it that a filter selects; its value before; the rows of
/// `tests/vectors/unasked.json`: a value, whether it holds what no schema has, and what `add` and
/// `replace` of it come to: `same`, `gone`, `refused`, or what the attribute is.
fn kinds() -> Vec<Value> {
    let kinds: Value =
        serde_json::from_str(include_str!("../../vectors/unasked.json")).expect("it is JSON");
    kinds.as_array().cloned().unwrap_or_default()
}

/// A trial for each kind of attribute.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (at, kind) in kinds().iter().enumerate() {
        let name = kind["path"].as_str().unwrap_or_default().replace('"', "");
        for extension in [false, true] {
            let place = if extension { "extension" } else { "core" };
            let run = move || -> Result<(), Failed> {
                let kind = kinds().into_iter().nth(at).expect("it is one of them");
                patched(&kind, extension).map_err(|error| format!("{error:#}").into())
            };
            trials.push(Trial::test(format!("unasked::patch::{place}::{name}"), run));
        }
    }
    let put = || replaced().map_err(|error| format!("{error:#}").into());
    trials.push(Trial::test("unasked::put", put));
    trials
}

/// A tenant whose things have an attribute of each kind, in both schemas.
fn tenant(unknown: &str) -> anyhow::Result<Tenant> {
    let parts = |names: &[&str]| {
        let part = |name: &&str| match *name {
            "fixed" => json!({"name": name, "mutability": "readOnly"}),
            "list" => json!({"name": name, "multiValued": true}),
            _ => json!({"name": name}),
        };
        names.iter().map(part).collect::<Vec<Value>>()
    };
    let attributes = json!([
        {"name": "simple"},
        {"name": "several", "multiValued": true},
        {"name": "complex", "type": "complex",
            "subAttributes": parts(&["one", "two", "fixed", "list"])},
        {"name": "entries", "type": "complex", "multiValued": true,
            "subAttributes": parts(&["type", "value", "fixed"])},
    ]);
    let schema = |id: &str| json!({"id": id, "name": "Thing", "attributes": attributes});
    let profile = json!({
        "extends": "strict",
        "attributes": {"unknown": unknown},
        "schemas": [schema(CORE), schema(EXTENSION)],
        "resourceTypes": [{
            "name": "Thing", "endpoint": "/Things",
            "schema": CORE, "schemaExtensions": [{"schema": EXTENSION}],
        }],
    });
    Tenant::over(&Memory::exact(), &profile.to_string())
}

/// A thing whose attribute has this value.
fn thing(attribute: &str, value: &Value, extension: bool) -> Value {
    let mut thing = json!({"schemas": [CORE]});
    match extension {
        true => thing[EXTENSION] = json!({attribute: value, "simple": "other"}),
        false => thing[attribute] = value.clone(),
    }
    if attribute == "simple" && extension {
        thing[EXTENSION]["simple"] = value.clone();
    }
    thing
}

/// Returns the attribute's value in an answer.
fn shown<'a>(resource: &'a Value, attribute: &str, extension: bool) -> Option<&'a Value> {
    let holder = if extension { resource.get(EXTENSION)? } else { resource };
    holder.get(attribute)
}

fn patched(kind: &Value, extension: bool) -> anyhow::Result<()> {
    let path = text(kind, "path")?;
    let bare = kind["path"] == kind["attribute"];
    let rows = kind["rows"].as_array().context("no rows")?;
    for unknown in ["ignore", "refuse"] {
        let tenant = tenant(unknown)?;
        let each = rows.iter().flat_map(|row| [(row, "add"), (row, "replace")]);
        for (row, op) in each {
            let refuses = row["unknown"] == true && unknown == "refuse";
            let after = if refuses { &json!("refused") } else { &row[op] };
            for way in ["path", "pathless", "nested"] {
                if way != "path" && !bare || way == "nested" && !extension {
                    continue;
                }
                let operation = operation(op, path, &row["value"], way, extension);
                for bulk in [false, true] {
                    check(&tenant, kind, &operation, after, extension, bulk)
                        .with_context(|| format!("{unknown}, bulk {bulk}: {operation}"))?;
                }
            }
        }
    }
    Ok(())
}

fn operation(op: &str, path: &str, value: &Value, way: &str, extension: bool) -> Value {
    let full = if extension { format!("{EXTENSION}:{path}") } else { path.to_owned() };
    match way {
        "path" => json!({"op": op, "path": full, "value": value}),
        "pathless" => json!({"op": op, "value": {full: value}}),
        _ => json!({"op": op, "value": {EXTENSION: {path: value}}}),
    }
}

fn check(
    tenant: &Tenant,
    kind: &Value,
    operation: &Value,
    after: &Value,
    extension: bool,
    bulk: bool,
) -> anyhow::Result<()> {
    let (attribute, before) = (text(kind, "attribute")?, &kind["before"]);
    let made = thing(attribute, before, extension);
    let made = tenant.ask("POST", "/Things", &made)?.expect(201)?;
    let target = format!("/Things/{}", text(&made, "id")?);
    let body = patch(json!([operation]));
    let status = match bulk {
        false => tenant.ask("PATCH", &target, &body)?.status,
        true => in_bulk(&tenant.ask("POST", "/Bulk", &request(&target, &body))?)?,
    };
    let now = tenant.get(&target)?.expect(200)?;
    let shown = shown(&now, attribute, extension);
    let (succeeds, expected) = match after.as_str() {
        Some("same") => (true, Some(before)),
        Some("gone") => (true, None),
        Some(_) => (false, Some(before)),
        None => (true, Some(&after["is"])),
    };
    ensure!((status == 200) == succeeds && status < 500, "status {status}");
    ensure!(shown == expected, "it is {shown:?}, not {expected:?}");
    let changes = shown != Some(before);
    let is_new = now["meta"]["version"] != made["meta"]["version"];
    ensure!(changes == is_new, "the version is {}", now["meta"]["version"]);
    Ok(())
}

fn request(target: &str, body: &Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "PATCH", "path": target, "data": body}],
    })
}

fn in_bulk(answer: &Answer) -> anyhow::Result<u16> {
    let answer = answer.expect(200)?;
    Ok(text(&answer["Operations"][0], "status")?.parse()?)
}

/// A PUT replaces as a whole: what it leaves out goes, null and `{}` too, and a value that was not
/// understood at all stays.
fn replaced() -> anyhow::Result<()> {
    let tenant = tenant("ignore")?;
    let strict = self::tenant("refuse")?;
    let kept = [
        ("complex", json!({"one": "a"}), json!({"bogus": "x"}), true),
        ("complex", json!({"one": "a"}), json!({"fixed": "x"}), false),
        ("entries", json!([{"value": "a"}]), json!([{"bogus": "x"}]), true),
    ];
    let gone = [
        ("complex", json!({"one": "a"}), json!(null)),
        ("complex", json!({"one": "a"}), json!({})),
        ("complex", json!({"one": "a"}), json!({"one": null})),
        ("entries", json!([{"value": "a"}]), json!([])),
        ("simple", json!("a"), json!(null)),
    ];
    for extension in [false, true] {
        for (attribute, before, value, has_unknown) in &kept {
            let put = |tenant: &Tenant| put(tenant, attribute, before, value, extension);
            let (status, now) = put(&tenant)?;
            ensure!(status == 200 && now.as_ref() == Some(before), "{value}: {status} {now:?}");
            let (status, now) = put(&strict)?;
            let expected = if *has_unknown { 400 } else { 200 };
            ensure!(
                status == expected && now.as_ref() == Some(before),
                "{value}: {status} {now:?}"
            );
        }
        for (attribute, before, value) in &gone {
            let (status, now) = put(&tenant, attribute, before, value, extension)?;
            ensure!(status == 200 && now.is_none(), "{value}: {status} {now:?}");
        }
    }
    for target in ["", "/x"] {
        let unknown = json!({"schemas": [CORE], "bogus": "x"});
        let method = if target.is_empty() { "POST" } else { "PUT" };
        let id = text(
            &strict.ask("POST", "/Things", &thing("simple", &json!("a"), false))?.expect(201)?,
            "id",
        )?
        .to_owned();
        let target = if target.is_empty() { "/Things".to_owned() } else { format!("/Things/{id}") };
        let answer = strict.ask(method, &target, &unknown)?;
        let answer = answer.refusal(400, &["bogus"])?;
        ensure!(answer["scimType"] == "invalidSyntax", "{answer}");
    }
    Ok(())
}

/// Sends a PUT; returns its status and the attribute's value afterwards.
fn put(
    tenant: &Tenant,
    attribute: &str,
    before: &Value,
    value: &Value,
    extension: bool,
) -> anyhow::Result<(u16, Option<Value>)> {
    let made = thing(attribute, before, extension);
    let made = tenant.ask("POST", "/Things", &made)?.expect(201)?;
    let target = format!("/Things/{}", text(&made, "id")?);
    let status = tenant.ask("PUT", &target, &thing(attribute, value, extension))?.status;
    let now = tenant.get(&target)?.expect(200)?;
    Ok((status, shown(&now, attribute, extension).cloned()))
}
