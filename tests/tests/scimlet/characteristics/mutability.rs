//! `mutability`: `readOnly` is ignored in POST and PUT and refused in PATCH (RFC 7644 sections 3.3,
//! 3.5.1 and 3.5.2), `immutable` is set once, `writeOnly` is never shown and cannot be found by.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::patch;
use scimlet_tests::tenant::target;
use serde_json::{Value, json};

use super::{MORE, Things, refused, thing, trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("mutability::read_only", read_only),
        trial("mutability::immutable", immutable),
        trial("mutability::immutable_part", immutable_part),
        trial("mutability::write_only", write_only),
    ]
}

fn read_only(things: &Things) -> anyhow::Result<()> {
    let given = json!({"readOnlyAttr": "a", MORE: {"parts": {"fixed": "a", "usual": "b"}}});
    let target = things.made(&given)?;
    let put = things.ask("PUT", &target, &thing(&given))?.expect(200)?;
    for shown in [things.shown(&target)?, put] {
        ensure!(shown.get("readOnlyAttr").is_none(), "{shown}");
        ensure!(shown[MORE]["parts"] == json!({"usual": "b"}), "{shown}");
    }
    for operation in [
        json!({"op": "add", "path": "readOnlyAttr", "value": "a"}),
        json!({"op": "replace", "value": {"readOnlyAttr": "a"}}),
        json!({"op": "remove", "path": "readOnlyAttr"}),
        json!({"op": "replace", "path": format!("{MORE}:parts.fixed"), "value": "a"}),
        json!({"op": "replace", "path": "id", "value": "a"}),
        json!({"op": "replace", "path": "meta.version", "value": "a"}),
    ] {
        let answer = things.ask("PATCH", &target, &patch(json!([operation])))?;
        refused(&answer, 400, "mutability").with_context(|| operation.to_string())?;
    }
    Ok(())
}

fn immutable(things: &Things) -> anyhow::Result<()> {
    let target = things.made(&json!({}))?;
    let set = |value: &str| patch(json!([{"op": "add", "path": "immutableAttr", "value": value}]));
    things.ask("PATCH", &target, &set("a"))?.expect(200)?;
    things.ask("PATCH", &target, &set("a"))?.expect(200).context("the same value")?;
    refused(&things.ask("PATCH", &target, &set("b"))?, 400, "mutability")?;
    let removal = patch(json!([{"op": "remove", "path": "immutableAttr"}]));
    refused(&things.ask("PATCH", &target, &removal)?, 400, "mutability")?;
    let other = thing(&json!({"immutableAttr": "b"}));
    refused(&things.ask("PUT", &target, &other)?, 400, "mutability")?;
    let same = things.ask("PUT", &target, &thing(&json!({"immutableAttr": "a"})))?;
    ensure!(same.expect(200)?["immutableAttr"] == "a");
    let silent = things.ask("PUT", &target, &thing(&json!({})))?.expect(200)?;
    ensure!(silent["immutableAttr"] == "a", "{silent}");
    Ok(())
}

fn immutable_part(things: &Things) -> anyhow::Result<()> {
    let with = |once: &str| json!({MORE: {"parts": {"once": once, "usual": "a"}}});
    let target = things.made(&json!({MORE: {"parts": {"usual": "a"}}}))?;
    things.ask("PUT", &target, &thing(&with("a")))?.expect(200)?;
    refused(&things.ask("PUT", &target, &thing(&with("b")))?, 400, "mutability")?;
    let path = format!("{MORE}:parts");
    for operation in [
        json!({"op": "replace", "path": format!("{path}.once"), "value": "b"}),
        json!({"op": "remove", "path": format!("{path}.once")}),
        json!({"op": "replace", "path": path, "value": {"once": "b"}}),
        json!({"op": "add", "value": {MORE: {"parts": {"once": "b"}}}}),
    ] {
        let answer = things.ask("PATCH", &target, &patch(json!([operation])))?;
        refused(&answer, 400, "mutability").with_context(|| operation.to_string())?;
    }
    let rest = json!({"op": "replace", "path": path, "value": {"once": "a", "usual": "c"}});
    let shown = things.ask("PATCH", &target, &patch(json!([rest])))?.expect(200)?;
    ensure!(shown[MORE]["parts"] == json!({"once": "a", "usual": "c"}), "{shown}");
    Ok(())
}

fn write_only(things: &Things) -> anyhow::Result<()> {
    const SECRET: &str = "t1meMa$heen";
    let parts = json!({"hidden": SECRET, "usual": "a"});
    let given = json!({"writeOnlyAttr": SECRET, MORE: {"hiddenAttr": SECRET, "parts": parts}});
    let one = things.made(&given)?;
    let wanted = format!("writeOnlyAttr,{MORE},{MORE}:hiddenAttr,{MORE}:parts.hidden");
    let wanted = target(&one, &[("attributes", &wanted)]);
    let answers = [
        things.ask("GET", &one, &Value::Null)?,
        things.ask("GET", &wanted, &Value::Null)?,
        things.ask("PUT", &wanted, &thing(&given))?,
        things.ask(
            "PATCH",
            &wanted,
            &patch(json!([{"op": "replace", "path": "writeOnlyAttr", "value": SECRET}])),
        )?,
    ];
    for answer in answers {
        answer.expect(200)?;
        ensure!(!answer.body.contains(SECRET), "{}", answer.body);
    }
    for path in
        ["writeOnlyAttr".to_owned(), format!("{MORE}:hiddenAttr"), format!("{MORE}:parts.hidden")]
    {
        let filter = target("/Things", &[("filter", format!("{path} pr"))]);
        refused(&things.ask("GET", &filter, &Value::Null)?, 400, "invalidFilter")
            .context(path.clone())?;
        let sorted = target("/Things", &[("sortBy", &path)]);
        ensure!(things.ask("GET", &sorted, &Value::Null)?.status == 400, "sorted by {path}");
    }
    Ok(())
}
