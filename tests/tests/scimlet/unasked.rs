//! Nothing is deleted that a client did not ask to have deleted: every kind of attribute, in the main schema and in an extension,
//! with every form of value under `add`, `replace` and PUT, with a path and without, alone and in a bulk. RFC 7644 sections
//! 3.5.1, 3.5.2.1 and 3.5.2.3; RFC 7643 section 2.5.

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::Answer;
use scimlet_tests::memory::Memory;
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

const CORE: &str = "urn:example:schemas:2.0:Thing";
const EXTENSION: &str = "urn:example:schemas:extension:2.0:More";

/// What becomes of the attribute.
enum After {
    /// It has the value that it had.
    Same,
    /// It has no value.
    Gone,
    /// It has this value.
    Is(Value),
    /// The request is refused, and the value is what it was.
    Refused,
}

use After::{Gone, Is, Refused, Same};

/// A value, whether it holds what no schema has, and what `add` and `replace` of it come to.
type Row = (Value, bool, After, After);

/// An attribute, or values of it that a filter selects; its value before; the rows.
struct Kind {
    path: &'static str,
    attribute: &'static str,
    before: Value,
    rows: Vec<Row>,
}

fn kinds() -> Vec<Kind> {
    let two = || json!({"one": "a", "two": "b"});
    let work = || json!({"type": "work", "value": "a"});
    let home = || json!({"type": "home", "value": "b"});
    vec![
        Kind {
            path: "simple",
            attribute: "simple",
            before: json!("a"),
            rows: vec![
                (json!(null), false, Same, Gone),
                (json!([]), false, Refused, Refused),
                (json!({}), false, Refused, Refused),
                (json!("b"), false, Is(json!("b")), Is(json!("b"))),
            ],
        },
        Kind {
            path: "several",
            attribute: "several",
            before: json!(["a"]),
            rows: vec![
                (json!(null), false, Same, Gone),
                (json!([]), false, Same, Gone),
                (json!([null]), false, Same, Gone),
                (json!({}), false, Refused, Refused),
                (json!(["b"]), false, Is(json!(["a", "b"])), Is(json!(["b"]))),
                (json!("b"), false, Is(json!(["a", "b"])), Is(json!(["b"]))),
                (json!(["a"]), false, Same, Same),
            ],
        },
        Kind {
            path: "complex",
            attribute: "complex",
            before: two(),
            rows: vec![
                (json!(null), false, Same, Gone),
                (json!({}), false, Same, Same),
                (json!([]), false, Refused, Refused),
                (json!({"bogus": "x"}), true, Same, Same),
                (json!({"bogus": null}), true, Same, Same),
                (json!({"fixed": "x"}), false, Same, Same),
                (json!({"fixed": "x", "bogus": "x"}), true, Same, Same),
                (
                    json!({"one": "c"}),
                    false,
                    Is(json!({"one": "c", "two": "b"})),
                    Is(json!({"one": "c", "two": "b"})),
                ),
                (
                    json!({"one": "c", "bogus": "x"}),
                    true,
                    Is(json!({"one": "c", "two": "b"})),
                    Is(json!({"one": "c", "two": "b"})),
                ),
                (json!({"one": null}), false, Same, Is(json!({"two": "b"}))),
                (json!({"one": null, "two": null}), false, Same, Gone),
                (
                    json!({"one": null, "two": "c"}),
                    false,
                    Is(json!({"one": "a", "two": "c"})),
                    Is(json!({"two": "c"})),
                ),
            ],
        },
        Kind {
            path: "complex.one",
            attribute: "complex",
            before: two(),
            rows: vec![
                (json!(null), false, Same, Is(json!({"two": "b"}))),
                (
                    json!("c"),
                    false,
                    Is(json!({"one": "c", "two": "b"})),
                    Is(json!({"one": "c", "two": "b"})),
                ),
            ],
        },
        Kind {
            path: "complex.list",
            attribute: "complex",
            before: json!({"one": "a", "list": ["x"]}),
            rows: vec![
                (json!(null), false, Same, Is(json!({"one": "a"}))),
                (json!([]), false, Same, Is(json!({"one": "a"}))),
                (
                    json!(["y"]),
                    false,
                    Is(json!({"one": "a", "list": ["x", "y"]})),
                    Is(json!({"one": "a", "list": ["y"]})),
                ),
            ],
        },
        Kind {
            path: "entries",
            attribute: "entries",
            before: json!([work()]),
            rows: vec![
                (json!(null), false, Same, Gone),
                (json!([]), false, Same, Gone),
                (json!([null]), false, Same, Gone),
                (json!({}), false, Same, Same),
                (json!([{}]), false, Same, Same),
                (json!({"bogus": "x"}), true, Same, Same),
                (json!([{"bogus": "x"}]), true, Same, Same),
                (json!([{"fixed": "x"}]), false, Same, Same),
                (
                    json!([{"bogus": "x"}, home()]),
                    true,
                    Is(json!([work(), home()])),
                    Is(json!([home()])),
                ),
                (
                    json!([home()]),
                    false,
                    Is(json!([work(), home()])),
                    Is(json!([home()])),
                ),
                (
                    json!(home()),
                    false,
                    Is(json!([work(), home()])),
                    Is(json!([home()])),
                ),
                (json!([work()]), false, Same, Same),
            ],
        },
        Kind {
            path: r#"entries[type eq "work"]"#,
            attribute: "entries",
            before: json!([work(), home()]),
            rows: vec![
                (json!(null), false, Same, Is(json!([home()]))),
                (json!({}), false, Same, Same),
                (json!({"bogus": "x"}), true, Same, Same),
                (json!({"fixed": "x"}), false, Same, Same),
                (json!([]), false, Refused, Refused),
                (
                    json!({"value": null}),
                    false,
                    Same,
                    Is(json!([{"type": "work"}, home()])),
                ),
                (
                    json!({"value": "c"}),
                    false,
                    Is(json!([{"type": "work", "value": "c"}, home()])),
                    Is(json!([{"type": "work", "value": "c"}, home()])),
                ),
            ],
        },
        Kind {
            path: r#"entries[type eq "work"].value"#,
            attribute: "entries",
            before: json!([work(), home()]),
            rows: vec![
                (
                    json!(null),
                    false,
                    Same,
                    Is(json!([{"type": "work"}, home()])),
                ),
                (
                    json!("c"),
                    false,
                    Is(json!([{"type": "work", "value": "c"}, home()])),
                    Is(json!([{"type": "work", "value": "c"}, home()])),
                ),
            ],
        },
        Kind {
            path: r#"entries[type eq "other"]"#,
            attribute: "entries",
            before: json!([work()]),
            rows: vec![
                (json!(null), false, Same, Refused),
                (json!({}), false, Same, Refused),
                (json!({"bogus": "x"}), true, Same, Refused),
                (
                    json!({"value": "c"}),
                    false,
                    Is(json!([work(), {"type": "other", "value": "c"}])),
                    Refused,
                ),
            ],
        },
    ]
}

/// A trial for each kind of attribute.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (at, kind) in kinds().iter().enumerate() {
        let name: String = kind.path.chars().filter(|c| *c != '"').collect();
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
        {"name": "complex", "type": "complex", "subAttributes": parts(&["one", "two", "fixed", "list"])},
        {"name": "entries", "type": "complex", "multiValued": true, "subAttributes": parts(&["type", "value", "fixed"])},
    ]);
    let schema = |id: &str| json!({"id": id, "name": "Thing", "attributes": attributes});
    let profile = json!({
        "extends": "strict",
        "attributes": {"unknown": unknown},
        "schemas": [schema(CORE), schema(EXTENSION)],
        "resourceTypes": [{
            "name": "Thing", "endpoint": "/Things", "schema": CORE, "schemaExtensions": [{"schema": EXTENSION}],
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

/// What the attribute is in an answer.
fn shown<'a>(resource: &'a Value, attribute: &str, extension: bool) -> Option<&'a Value> {
    let holder = if extension {
        resource.get(EXTENSION)?
    } else {
        resource
    };
    holder.get(attribute)
}

fn patched(kind: &Kind, extension: bool) -> anyhow::Result<()> {
    let bare = kind.path == kind.attribute;
    for unknown in ["ignore", "refuse"] {
        let tenant = tenant(unknown)?;
        for (value, has_unknown, add, replace) in &kind.rows {
            for (op, after) in [("add", add), ("replace", replace)] {
                for way in ["path", "pathless", "nested"] {
                    if way != "path" && !bare || way == "nested" && !extension {
                        continue;
                    }
                    let operation = operation(op, kind.path, value, way, extension);
                    let refuses = *has_unknown && unknown == "refuse";
                    let after = if refuses { &Refused } else { after };
                    for bulk in [false, true] {
                        check(&tenant, kind, &operation, after, extension, bulk)
                            .with_context(|| format!("{unknown}, bulk {bulk}: {operation}"))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn operation(op: &str, path: &str, value: &Value, way: &str, extension: bool) -> Value {
    let full = if extension {
        format!("{EXTENSION}:{path}")
    } else {
        path.to_owned()
    };
    match way {
        "path" => json!({"op": op, "path": full, "value": value}),
        "pathless" => json!({"op": op, "value": {full: value}}),
        _ => json!({"op": op, "value": {EXTENSION: {path: value}}}),
    }
}

fn check(
    tenant: &Tenant,
    kind: &Kind,
    operation: &Value,
    after: &After,
    extension: bool,
    bulk: bool,
) -> anyhow::Result<()> {
    let made = thing(kind.attribute, &kind.before, extension);
    let made = tenant.ask("POST", "/Things", &made)?.expect(201)?;
    let target = format!("/Things/{}", text(&made, "id")?);
    let body = patch(json!([operation]));
    let status = match bulk {
        false => tenant.ask("PATCH", &target, &body)?.status,
        true => in_bulk(&tenant.ask("POST", "/Bulk", &request(&target, &body))?)?,
    };
    let now = tenant.get(&target)?.expect(200)?;
    let shown = shown(&now, kind.attribute, extension);
    let (succeeds, expected) = match after {
        Same => (true, Some(&kind.before)),
        Gone => (true, None),
        Is(value) => (true, Some(value)),
        Refused => (false, Some(&kind.before)),
    };
    ensure!(
        (status == 200) == succeeds && status < 500,
        "status {status}"
    );
    ensure!(shown == expected, "it is {shown:?}, not {expected:?}");
    let changes = shown != Some(&kind.before);
    let is_new = now["meta"]["version"] != made["meta"]["version"];
    ensure!(
        changes == is_new,
        "the version is {}",
        now["meta"]["version"]
    );
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

/// A PUT replaces as a whole: what it leaves out goes, null and `{}` too, and a value that was not understood at all stays.
fn replaced() -> anyhow::Result<()> {
    let tenant = tenant("ignore")?;
    let strict = self::tenant("refuse")?;
    let kept = [
        ("complex", json!({"one": "a"}), json!({"bogus": "x"}), true),
        ("complex", json!({"one": "a"}), json!({"fixed": "x"}), false),
        (
            "entries",
            json!([{"value": "a"}]),
            json!([{"bogus": "x"}]),
            true,
        ),
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
            ensure!(
                status == 200 && now.as_ref() == Some(before),
                "{value}: {status} {now:?}"
            );
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
            &strict
                .ask("POST", "/Things", &thing("simple", &json!("a"), false))?
                .expect(201)?,
            "id",
        )?
        .to_owned();
        let target = if target.is_empty() {
            "/Things".to_owned()
        } else {
            format!("/Things/{id}")
        };
        let answer = strict.ask(method, &target, &unknown)?.expect(400)?;
        ensure!(answer["scimType"] == "invalidSyntax", "{answer}");
        ensure!(text(&answer, "detail")?.contains("bogus"), "{answer}");
    }
    Ok(())
}

/// The status of a PUT, and what the attribute is afterwards.
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
    let status = tenant
        .ask("PUT", &target, &thing(attribute, value, extension))?
        .status;
    let now = tenant.get(&target)?.expect(200)?;
    Ok((status, shown(&now, attribute, extension).cloned()))
}
