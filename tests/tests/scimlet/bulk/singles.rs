//! A bulk of many operations is as many single requests: the same answers, the same resources in
//! the same versions, the same events in the same order. Ids are compared by which operation made
//! them.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::dice::Dice;
use serde_json::{Value, json};

use super::faulty_store::Fault;
use super::tenant::{Tenant, user};
use crate::trial;

/// Operations of one request.
const OPERATIONS: usize = 40;

/// A `bulkId` that no operation has.
const NOBODY: &str = "<nobody>";

pub fn trials() -> Vec<Trial> {
    let seeded = |fault| async move {
        for seed in (1..=12).chain([Dice::any_seed()]) {
            let compared = compare(seed, fault).await;
            compared.with_context(|| format!("seed {seed}"))?;
        }
        Ok(())
    };
    vec![
        trial("bulk::is_as_many_singles", move || seeded(Fault::None)),
        trial("bulk::is_as_many_singles_where_every_commit_is_tried_again", move || {
            seeded(Fault::StaleOnce)
        }),
    ]
}

async fn compare(seed: u64, fault: Fault) -> anyhow::Result<()> {
    let operations = operations(&mut Dice::seeded(seed));
    let (one_by_one, at_once) = (Tenant::new(Fault::None).await?, Tenant::new(fault).await?);
    let mut singles = Names::default();
    let results = at_once.bulk(&operations).await?;
    let mut bulk = Names::default();
    for (operation, result) in operations.iter().zip(&results) {
        bulk.learn(operation, result["location"].as_str());
    }
    for (operation, result) in operations.iter().zip(&results) {
        let expected = match singles.lacks(operation) {
            None => single(&one_by_one, operation, &mut singles).await?,
            Some(status) => status.to_owned(),
        };
        let found = bulk.hidden(&summary(result));
        ensure!(found.starts_with(&expected), "{operation}: in bulk {found}, alone {expected}");
    }
    ensure!(results.len() == operations.len(), "some have no result");
    let expected = singles.hidden(&one_by_one.state().await?);
    let found = bulk.hidden(&at_once.state().await?);
    ensure!(found == expected, "in bulk:\n{found}\nalone:\n{expected}");
    Ok(())
}

/// Sends an operation as the request that it stands for; returns what matters of the answer.
async fn single(tenant: &Tenant, operation: &Value, names: &mut Names) -> anyhow::Result<String> {
    let filled: Value = serde_json::from_str(&names.filled(&operation.to_string()))?;
    let text = |name: &str| filled[name].as_str();
    let (method, path) = (text("method"), text("path"));
    let (method, path) = (method.context("no method")?, path.context("no path")?);
    let version = text("version");
    let answer = tenant.ask_in_version(method, path, &filled["data"], version).await?;
    let header = |name: &str| {
        let mut headers = answer.headers.iter();
        headers.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    names.learn(operation, header("location"));
    let mut result = json!({"status": answer.status.to_string(), "version": header("etag")});
    if answer.status >= 400 {
        result["response"] = serde_json::from_str(&answer.body)?;
    }
    Ok(names.hidden(&summary(&result)))
}

fn summary(result: &Value) -> String {
    let status = result["status"].as_str().unwrap_or("no status");
    format!("{status} {} {}", result["version"], result["response"])
}

/// The ids by the `bulkId`s of the operations that made them.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn learn(&mut self, operation: &Value, location: Option<&str>) {
        let name = operation["bulkId"].as_str();
        let id = location.and_then(|location| location.rsplit('/').next());
        if let (Some(name), Some(id)) = (name, id) {
            self.0.insert(name.to_owned(), id.to_owned());
        }
    }

    /// Returns the status of an operation that refers to a resource that was not made or that no
    /// operation makes; `None` for any other operation.
    fn lacks(&self, operation: &Value) -> Option<&'static str> {
        let filled = self.filled(&operation.to_string());
        let status = if filled.contains(NOBODY) { "400" } else { "409" };
        filled.contains("bulkId:").then_some(status)
    }

    fn filled(&self, text: &str) -> String {
        let names = self.0.iter();
        names.fold(text.to_owned(), |text, (name, id)| text.replace(&format!("bulkId:{name}"), id))
    }

    fn hidden(&self, text: &str) -> String {
        let names = self.0.iter();
        names.fold(text.to_owned(), |text, (name, id)| text.replace(id, name))
    }
}

/// The `bulkId`s of the resources that earlier operations create.
#[derive(Default)]
struct Made {
    users: Vec<String>,
    groups: Vec<String>,
}

fn operations(dice: &mut Dice) -> Vec<Value> {
    let mut made = Made::default();
    (0..OPERATIONS).map(|number| operation(dice, number, &mut made)).collect()
}

/// Names come from so few that some are in use, and versions are guessed, so that some operations
/// fail.
fn operation(dice: &mut Dice, number: usize, made: &mut Made) -> Value {
    let name = format!("name.{}", dice.below(9));
    let bulk_id = format!("<{number}>");
    let user_path = format!("/Users/bulkId:{}", one(dice, &made.users));
    let group_path = format!("/Groups/bulkId:{}", one(dice, &made.groups));
    let member = format!("bulkId:{}", one(dice, &made.users));
    let versions = [Value::Null, r#"W/"1""#.into(), r#"W/"2""#.into()];
    let version = dice.pick(&versions).cloned();
    match dice.below(if number < 6 { 2 } else { 9 }) {
        0 => {
            made.users.push(bulk_id.clone());
            json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": user(&name)})
        }
        1 => {
            let data = group(dice, &made.users);
            made.groups.push(bulk_id.clone());
            json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data})
        }
        2 => json!({"method": "PUT", "path": user_path, "version": version, "data": user(&name)}),
        3 => {
            let data = patch("replace", "userName", &name.into());
            json!({"method": "PATCH", "path": user_path, "version": version, "data": data})
        }
        4 => json!({"method": "DELETE", "path": user_path, "version": version}),
        5 => {
            let data = group(dice, &made.users);
            json!({"method": "PUT", "path": group_path, "version": version, "data": data})
        }
        6 => {
            let data = patch("add", "members", &json!([{"value": member}]));
            json!({"method": "PATCH", "path": group_path, "data": data})
        }
        7 => {
            let path = format!(r#"members[value eq "{member}"]"#);
            let data = patch("remove", &path, &Value::Null);
            json!({"method": "PATCH", "path": group_path, "version": version, "data": data})
        }
        _ => json!({"method": "DELETE", "path": group_path}),
    }
}

fn one(dice: &mut Dice, of: &[String]) -> String {
    dice.pick(of).cloned().unwrap_or_else(|| NOBODY.into())
}

fn group(dice: &mut Dice, users: &[String]) -> Value {
    let members: Vec<Value> = (0..dice.below(4))
        .filter_map(|_| dice.pick(users).cloned())
        .map(|user| json!({"value": format!("bulkId:{user}")}))
        .collect();
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    json!({"schemas": [schema], "displayName": "a group", "members": members})
}

fn patch(op: &str, path: &str, value: &Value) -> Value {
    let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    json!({"schemas": [schema], "Operations": [{"op": op, "path": path, "value": value}]})
}
