//! A resource type of a profile's own obeys each characteristic of its schema: RFC 7643 sections
//! 2.2, 2.3 and 7. The schema is the supplied one that has an attribute for each of them, with one
//! of ours for what that does not have.

mod mutability;
mod returned;
mod types;
mod unique;

use anyhow::{Context, ensure};
use libtest_mimic::{Completion, Failed, Trial};
use scimlet::store::memory::Memory;
use scimlet_tests::client::text;
use scimlet_tests::exchange::Answer;
use scimlet_tests::tenant::{Tenant, target};
use scimlet_tests::{needs, supplied};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:test:2.0:TestResource";
const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:test:2.0:TestResource";
const MORE: &str = "urn:ietf:params:scim:schemas:extension:test:2.0:More";

/// One trial for each row of each table.
pub fn trials() -> Vec<Trial> {
    let mut trials = types::trials();
    trials.extend(mutability::trials());
    trials.extend(returned::trials());
    trials.extend(unique::trials());
    trials
}

/// A trial with a tenant of its own, which has the resource type.
fn trial(
    name: impl std::fmt::Display,
    run: impl Fn(&Things) -> anyhow::Result<()> + Send + 'static,
) -> Trial {
    let outcome = move || -> Result<Completion, Failed> {
        needs::with(profile(), |profile| run(&Things(Tenant::over(&Memory::exact(), &profile)?)))
    };
    Trial::ignorable_test(format!("characteristics::{name}"), outcome)
}

/// The resource type `Thing`. Nothing is indexed but what has to be.
fn profile() -> anyhow::Result<String> {
    let path = supplied::folder().join("vectors/every-characteristic-schema.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let mut schemas: Vec<Value> = serde_json::from_str(&text)?;
    schemas.push(serde_json::from_str(include_str!(
        "../../../vectors/more-characteristics-schema.json"
    ))?);
    let thing = json!({
        "name": "Thing", "endpoint": "/Things", "schema": CORE,
        "schemaExtensions": [{"schema": EXTENSION}, {"schema": MORE}],
    });
    let attributes = json!({"unknown": "ignore"});
    let profile = json!({
        "extends": "strict", "attributes": attributes,
        "schemas": schemas, "resourceTypes": [thing],
    });
    Ok(profile.to_string())
}

/// A tenant that has things.
struct Things(Tenant);

impl Things {
    /// Sends a thing with these members.
    fn post(&self, members: &Value) -> anyhow::Result<Answer> {
        self.0.ask("POST", "/Things", &thing(members))
    }

    /// Makes a thing, and returns its target.
    fn made(&self, members: &Value) -> anyhow::Result<String> {
        let made = self.post(members)?.expect(201).context(members.to_string())?;
        Ok(format!("/Things/{}", text(&made, "id")?))
    }

    fn ask(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Answer> {
        self.0.ask(method, target, body)
    }

    fn shown(&self, target: &str) -> anyhow::Result<Value> {
        self.0.get(target)?.expect(200)
    }

    /// How many things a filter finds.
    fn found(&self, filter: &str) -> anyhow::Result<u64> {
        let list = self.shown(&target("/Things", &[("filter", filter)]));
        let list = list.with_context(|| filter.to_owned())?;
        list["totalResults"].as_u64().context("no total")
    }
}

/// A thing with these members beside those that it must have.
fn thing(members: &Value) -> Value {
    let mut thing = json!({"schemas": [CORE], "identifier": "one"});
    for (name, value) in members.as_object().into_iter().flatten() {
        thing[name] = value.clone();
    }
    thing
}

/// Expects an error of this status and scimType.
fn refused(answer: &Answer, status: u16, scim_type: &str) -> anyhow::Result<()> {
    let error = answer.expect(status)?;
    ensure!(error["scimType"] == scim_type, "not {scim_type}: {error}");
    Ok(())
}
