//! `returned` under `attributes` and `excludedAttributes`, of attributes and of their parts (RFC
//! 7644 section 3.9).

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::patch;
use scimlet_tests::tenant::target;
use serde_json::{Value, json};

use super::{MORE, Things, thing, trial};

/// Name, parameter, its list with `$` for the extension, and what is shown beside `schemas`, `id`
/// and `meta`.
type Row = (&'static str, &'static str, &'static str, Value);

fn all(parts: &Value) -> Value {
    let more = json!({"parts": parts, "rows": [{"value": "a"}]});
    json!({"identifier": "one", "alwaysReturnedAttr": "a", "caseExactString": "b", MORE: more})
}

fn rows() -> Vec<Row> {
    let whole = all(&json!({"always": "a", "usual": "b"}));
    let mut without = whole.clone();
    without.as_object_mut().map(|rest| rest.remove("caseExactString"));
    let always = |name: &str, value: &str| json!({"alwaysReturnedAttr": "a", name: value});
    let nothing = json!({"alwaysReturnedAttr": "a"});
    vec![
        ("by_default", "attributes", "", whole.clone()),
        ("request", "attributes", "requestOnlyAttr", always("requestOnlyAttr", "c")),
        ("default", "attributes", "CASEEXACTSTRING", always("caseExactString", "b")),
        ("never", "attributes", "writeOnlyAttr", nothing.clone()),
        ("unknown", "attributes", "nobody", nothing),
        ("not_default", "excludedAttributes", "caseExactString", without),
        ("not_always", "excludedAttributes", "alwaysReturnedAttr,id", whole),
    ]
}

fn rows_of_parts() -> Vec<Row> {
    let only = |parts: Value| json!({"alwaysReturnedAttr": "a", MORE: {"parts": parts}});
    let usual = || only(json!({"always": "a", "usual": "b"}));
    let asked = only(json!({"always": "a", "asked": "c"}));
    let always = json!({"always": "a"});
    vec![
        ("whole_complex", "attributes", "$parts", usual()),
        ("part", "attributes", "$parts.usual", usual()),
        ("part_by_request", "attributes", "$parts.asked", asked),
        ("part_never", "attributes", "$parts.never,$parts.hidden", only(always.clone())),
        ("not_a_part", "excludedAttributes", "$parts.usual,$parts.always", all(&always)),
    ]
}

/// One trial for each row.
pub fn trials() -> Vec<Trial> {
    let of = |(name, parameter, list, shown): Row| {
        let list = list.replace('$', &format!("{MORE}:"));
        trial(format!("returned::{name}"), move |things| run(things, parameter, &list, &shown))
    };
    rows().into_iter().chain(rows_of_parts()).map(of).collect()
}

/// GET, lists, POST, PUT and PATCH show the same.
fn run(things: &Things, parameter: &str, list: &str, expected: &Value) -> anyhow::Result<()> {
    let parts = json!({"always": "a", "usual": "b", "asked": "c", "never": "d", "hidden": "e"});
    let rows = json!([{"value": "a", "asked": "b", "never": "c"}]);
    let given = thing(&json!({
        "alwaysReturnedAttr": "a", "caseExactString": "b",
        "requestOnlyAttr": "c", "writeOnlyAttr": "d",
        MORE: {"parts": parts, "rows": rows},
    }));
    let asked = |path: &str| target(path, &[(parameter, list)]);
    let posted = things.ask("POST", &asked("/Things"), &given)?.expect(201)?;
    let one = format!("/Things/{}", posted["id"].as_str().unwrap_or_default());
    let change = patch(json!([{"op": "replace", "path": "booleanAttr", "value": null}]));
    let listed = things.shown(&asked("/Things"))?["Resources"][0].clone();
    let shown = [
        posted,
        things.shown(&asked(&one))?,
        listed,
        things.ask("PUT", &asked(&one), &given)?.expect(200)?,
        things.ask("PATCH", &asked(&one), &change)?.expect(200)?,
    ];
    for mut shown in shown {
        for common in ["schemas", "id"] {
            ensure!(
                shown.as_object_mut().and_then(|shown| shown.remove(common)).is_some(),
                "no {common}"
            );
        }
        shown.as_object_mut().map(|shown| shown.remove("meta"));
        ensure!(shown == *expected, "{shown} is not {expected}");
    }
    Ok(())
}
