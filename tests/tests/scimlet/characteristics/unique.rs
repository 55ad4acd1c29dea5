//! `uniqueness`: 409, whether the profile indexes the attribute or not.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::patch;
use serde_json::{Value, json};

use super::{MORE, Things, refused, thing, trial};

/// Name, the members of one thing, those of another that collides, and of one that does not.
fn rows() -> [(&'static str, Value, Value, Value); 5] {
    let more = |name: &str, value: Value| json!({MORE: {name: value}});
    [
        (
            "required",
            json!({"identifier": "one"}),
            json!({"identifier": "ONE"}),
            json!({"identifier": "two"}),
        ),
        (
            "server",
            json!({"uniqueString": "a"}),
            json!({"uniqueString": "A"}),
            json!({"uniqueString": "b"}),
        ),
        (
            "global",
            more("globalCode", json!("a")),
            more("globalCode", json!("a")),
            more("globalCode", json!("A")),
        ),
        (
            "values",
            more("codes", json!(["a", "b"])),
            more("codes", json!(["c", "B"])),
            more("codes", json!(["c"])),
        ),
        (
            "part",
            more("parts", json!({"serial": "a"})),
            more("parts", json!({"serial": "A"})),
            more("parts", json!({"serial": "b"})),
        ),
    ]
}

/// One trial for each row.
pub fn trials() -> Vec<Trial> {
    let of = |(name, first, collides, differs): (&'static str, Value, Value, Value)| {
        trial(format!("uniqueness::{name}"), move |things| run(things, &first, &collides, &differs))
    };
    rows().into_iter().map(of).collect()
}

fn run(things: &Things, first: &Value, collides: &Value, differs: &Value) -> anyhow::Result<()> {
    let named = |members: &Value| {
        let mut members = members.clone();
        if members.get("identifier").is_none() {
            members["identifier"] = "other".into();
        }
        members
    };
    let one = things.made(first)?;
    refused(&things.post(&named(collides))?, 409, "uniqueness").context("POST")?;
    let two = things.made(&named(differs))?;
    let put = things.ask("PUT", &two, &thing(&named(collides)))?;
    refused(&put, 409, "uniqueness").context("PUT")?;
    let change = patch(json!([{"op": "replace", "value": collides}]));
    refused(&things.ask("PATCH", &two, &change)?, 409, "uniqueness").context("PATCH")?;
    things.ask("PUT", &one, &thing(first))?.expect(200).context("its own value")?;
    things.ask("DELETE", &one, &Value::Null)?.expect(204)?;
    let freed = things.ask("PUT", &two, &thing(&named(collides)))?;
    ensure!(freed.status == 200, "the value is not free: {}", freed.body);
    Ok(())
}
