//! `type`, `multiValued`, `required`, `caseExact`, `canonicalValues` and `referenceTypes`.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{EXTENSION, MORE, refused, trial};

/// Attribute, values that are taken and come back as they are, values that are refused.
fn values() -> [(&'static str, Value, Value); 12] {
    let no_text = json!([1, true, {}, ["a"]]);
    [
        ("caseExactString", json!(["", "a", "Ä"]), no_text.clone()),
        ("integerAttr", json!([0, -7, i64::MAX, u64::MAX]), json!([1.5, 1.0, "1", true, [1]])),
        ("booleanAttr", json!([true, false]), json!(["true", 1, {}])),
        (
            "dateTimeAttr",
            json!(["2008-01-23T04:56:22Z", "2008-01-23T04:56:22.5+02:00", "2008-01-23T04:56:22"]),
            json!([
                "2008-01-23",
                "20080123T045622Z",
                "2008-01-23T04:56Z",
                "2008-13-23T04:56:22Z",
                "",
                5
            ]),
        ),
        ("binaryAttr", json!(["", "YQ==", "-_-_", "+/+/"]), json!(["a", "YQ=", "Ä", "Y Q", 1])),
        ("referenceAttr", json!(["https://example.com/a", "../Things/1"]), no_text.clone()),
        ("multiStrings", json!([["a", "b"], ["a"]]), json!(["a", [1], [["a"]], {}])),
        (
            "complexAttr",
            json!([{"sub1": "a", "sub2": 1, "sub3": false}]),
            json!(["a", [{"sub1": "a"}], {"sub1": 1}, {"sub2": "1"}, {"sub3": "a"}]),
        ),
        (
            "multiComplex",
            json!([[{"value": "a", "primary": true}, {"value": "b", "type": "c"}]]),
            json!([
                {"value": "a"}, ["a"], [{"value": 1}],
                [{"value": "a", "primary": true}, {"primary": true}],
            ]),
        ),
        ("decimalAttr", json!([1.1, -0.5, 3, 1e-7, 4.631950691987732e-195]), json!(["1.1", true])),
        // Suggestions: others are as good.
        ("canonicalAttr", json!(["red", "Blue"]), no_text.clone()),
        ("resourceRef", json!(["https://example.com/scim/Things/1"]), no_text),
    ]
}

/// One trial for each attribute, and the others.
pub fn trials() -> Vec<Trial> {
    let rows = values().into_iter().map(|(attribute, good, bad)| {
        trial(format!("type::{attribute}"), move |things| {
            let member = |value: &Value| match schema_of(attribute) {
                Some(uri) => json!({uri: {attribute: value}}),
                None => json!({attribute: value}),
            };
            for value in bad.as_array().into_iter().flatten() {
                refused(&things.post(&member(value))?, 400, "invalidValue")
                    .with_context(|| format!("{value}"))?;
            }
            for value in good.as_array().into_iter().flatten() {
                let target = things.made(&member(value))?;
                let shown = things.shown(&target)?;
                let shown = schema_of(attribute).map_or(&shown, |uri| &shown[uri]);
                ensure!(shown[attribute] == *value, "{shown} has another {value}");
                things.ask("DELETE", &target, &Value::Null)?.expect(204)?;
            }
            Ok(())
        })
    });
    let mut trials: Vec<Trial> = rows.collect();
    trials.push(trial("type::unassigned", |things| {
        let nothing = json!({
            "caseExactString": null, "multiStrings": [], "complexAttr": {}, "multiComplex": [{}],
        });
        let shown = things.shown(&things.made(&nothing)?)?;
        let mut names = nothing.as_object().context("an object")?.keys();
        let absent = names.all(|name| shown.get(name).is_none());
        ensure!(absent, "{shown}");
        Ok(())
    }));
    trials.push(trial("required", required));
    trials.push(trial("case_exact", case_exact));
    trials.push(trial("are_shown", shown));
    trials
}

/// The extension that has the attribute.
fn schema_of(attribute: &str) -> Option<&'static str> {
    ["decimalAttr", "canonicalAttr", "resourceRef"].contains(&attribute).then_some(MORE)
}

fn required(things: &super::Things) -> anyhow::Result<()> {
    for missing in [
        json!({"identifier": null}),
        json!({"identifier": ""}),
        json!({EXTENSION: {"extInteger": 1}}),
        json!({MORE: {"rows": [{"asked": "a"}]}}),
    ] {
        refused(&things.post(&missing)?, 400, "invalidValue")
            .with_context(|| missing.to_string())?;
    }
    let target = things.made(&json!({EXTENSION: {"extRequired": "a"}}))?;
    for path in ["identifier".to_owned(), format!("{EXTENSION}:extRequired")] {
        let removal = scimlet_tests::client::patch(json!([{"op": "remove", "path": path}]));
        let answer = things.ask("PATCH", &target, &removal)?;
        ensure!(answer.status == 400, "{path} is gone: {}", answer.body);
    }
    let put = things.ask("PUT", &target, &json!({"schemas": [super::CORE]}))?;
    refused(&put, 400, "invalidValue")
}

fn case_exact(things: &super::Things) -> anyhow::Result<()> {
    things.made(
        &json!({"caseExactString": "Abc", "caseInsensitiveString": "Abc", "binaryAttr": "YWJj"}),
    )?;
    let rows = [
        (r#"caseExactString eq "Abc""#, 1),
        (r#"caseExactString eq "abc""#, 0),
        (r#"caseExactString sw "a""#, 0),
        (r#"caseExactString gt "a""#, 0),
        (r#"caseInsensitiveString eq "aBC""#, 1),
        (r#"caseInsensitiveString co "BC""#, 1),
        (r#"CASEinsensitiveSTRING ew "C""#, 1),
        (r#"binaryAttr eq "YWJj""#, 1),
        (r#"binaryAttr eq "ywjj""#, 0),
    ];
    for (filter, found) in rows {
        ensure!(things.found(filter)? == found, "{filter} does not find {found}");
    }
    Ok(())
}

/// `/Schemas` shows what the profile says.
fn shown(things: &super::Things) -> anyhow::Result<()> {
    let schema = things.shown(&format!("/Schemas/{MORE}"))?;
    let attribute = |name: &str| {
        let mut attributes = schema["attributes"].as_array().into_iter().flatten();
        attributes.find(|a| a["name"] == name).cloned().context("not shown")
    };
    ensure!(attribute("canonicalAttr")?["canonicalValues"] == json!(["red", "green"]));
    ensure!(attribute("resourceRef")?["referenceTypes"] == json!(["Thing", "external"]));
    ensure!(
        attribute("globalCode")?["uniqueness"] == "global"
            && attribute("globalCode")?["caseExact"] == true
    );
    ensure!(attribute("parts")?["subAttributes"][0]["returned"] == "always");
    let of = things.shown("/ResourceTypes/Thing")?;
    ensure!(of["schema"] == super::CORE && of["schemaExtensions"][1]["schema"] == MORE, "{of}");
    Ok(())
}
