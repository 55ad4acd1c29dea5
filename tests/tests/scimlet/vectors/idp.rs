//! The supplied exchanges of real identity providers with another server. What was there before,
//! and where we rightly answer otherwise, is in `tests/vectors/idp-exchanges.json`.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet_tests::client::text;
use scimlet_tests::tenant::Tenant;
use scimlet_tests::{needs, supplied};
use serde_json::{Value, json};

/// One trial for each exchange.
pub fn trials() -> Vec<Trial> {
    let cases = match supplied::cases("vectors/idp-exchanges.jsonl") {
        Ok(cases) => cases,
        Err(error) => {
            let missing = move || needs::with(Err::<(), _>(error), |()| Ok(()));
            return vec![Trial::ignorable_test("vectors::idp", missing)];
        }
    };
    let decisions = include_str!("../../../vectors/idp-exchanges.json");
    let decisions: Value = serde_json::from_str(decisions).expect("the decisions are JSON");
    let trial = |case: Value| {
        let id = case["id"].as_str().unwrap_or_default().to_owned();
        let decision = decisions[&id].clone();
        let run = move || {
            judge(&case, &decision).map_err(|error: anyhow::Error| format!("{error:#}").into())
        };
        Trial::test(format!("vectors::idp::{id}"), run)
    };
    cases.into_iter().map(trial).collect()
}

fn judge(case: &Value, decision: &Value) -> anyhow::Result<()> {
    let preset = match text(case, "idp")? {
        "azuread" => "entra",
        idp => idp,
    };
    let profile = json!({ "extends": preset }).to_string();
    let tenant = Tenant::over(&Memory::exact(), &profile)?;
    let mut ids = Ids::default();
    for resource in before(case, decision) {
        let made = posted(&tenant, &ids.present(&resource)?)?;
        ids.add(&resource, &made)?;
    }
    let sent = ids.present(case)?;
    let answer = tenant.ask(text(&sent, "method")?, text(&sent, "path")?, &sent["request"])?;
    let status = case["statusCode"].as_u64().context("no status")?;
    let answer = answer.expect(u16::try_from(status)?)?;
    let response = &case["response"];
    if response.is_null() {
        return Ok(());
    }
    if case["method"] == "POST" {
        ids.add(response, &answer)?;
    }
    compare(canonical(&ids.present(response)?), canonical(&answer), decision)
}

/// Ids as they were recorded, and those that the resources have here.
#[derive(Default)]
struct Ids(Vec<(String, String)>);

impl Ids {
    fn add(&mut self, recorded: &Value, made: &Value) -> anyhow::Result<()> {
        let pair = (text(recorded, "id")?, text(made, "id")?);
        self.0.push((pair.0.to_owned(), pair.1.to_owned()));
        Ok(())
    }

    /// A recorded document with the ids of here.
    fn present(&self, recorded: &Value) -> anyhow::Result<Value> {
        let replace = |text: String, (old, new): &(String, String)| text.replace(old, new);
        let text = self.0.iter().fold(recorded.to_string(), replace);
        Ok(serde_json::from_str(&text)?)
    }
}

/// The resources that were there: those that the decision names, and those that a GET found.
fn before(case: &Value, decision: &Value) -> Vec<Value> {
    let named = decision["before"].as_array().into_iter().flatten();
    let response = Some(&case["response"]).filter(|_| case["method"] == "GET");
    let single = response.filter(|response| response["id"].is_string());
    let several = response.and_then(|response| response["Resources"].as_array());
    let found = single.into_iter().chain(several.into_iter().flatten());
    named.chain(found).cloned().collect()
}

fn posted(tenant: &Tenant, resource: &Value) -> anyhow::Result<Value> {
    let target = format!("/{}s", text(&resource["meta"], "resourceType")?);
    tenant.ask("POST", &target, resource)?.expect(201)
}

/// A document without what is unassigned, without times and versions, with relative locations.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter(|(key, _)| !["created", "lastModified", "version"].contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), canonical(value)))
                .filter(|(_, value)| !value.is_null() && *value != json!([]));
            Value::Object(kept.collect())
        }
        Value::Array(values) => values.iter().map(canonical).collect(),
        Value::String(text) => {
            let relative = text.split_once("/scim/v2/").map_or(&**text, |(_, path)| path);
            relative.into()
        }
        value => value.clone(),
    }
}

/// Whether both are alike but for what the decision lists, and differ there.
fn compare(mut recorded: Value, mut answer: Value, decision: &Value) -> anyhow::Result<()> {
    for pointer in decision["differs"].as_object().into_iter().flatten() {
        let (pointer, _) = pointer;
        let differs = recorded.pointer(pointer) != answer.pointer(pointer);
        ensure!(differs, "{pointer} does not differ");
        remove(&mut recorded, pointer);
        remove(&mut answer, pointer);
    }
    ensure!(recorded == answer, "{answer}\nand was recorded as\n{recorded}");
    Ok(())
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let parent = document.pointer_mut(parent);
    if let Some(members) = parent.and_then(Value::as_object_mut) {
        members.remove(name);
    }
}
