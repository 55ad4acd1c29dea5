//! The application that hears of changes before their commit (`wit/application.wit`), and changes
//! users and groups itself.

mod effects;
mod ids;
mod members;
mod product;
mod refusals;
mod steps;
mod transaction;

use std::sync::{Arc, Mutex};

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use scimlet::feed::Line;
use scimlet::store::TenantStorage;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, Call, Endpoint};
use scimlet_tests::module::{Embedded, outcome};
use serde_json::{Value, json};

use super::{in_memory, trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    macro_rules! trials {
        ($($module:ident::$name:ident)*) => {
            vec![$(trial(
                concat!("module::application::", stringify!($name)),
                $module::$name,
            )),*]
        };
    }
    trials![
        steps::created_changed_and_removed
        steps::linked_and_kept
        steps::erased
        steps::only_where_wanted
        effects::of_a_deactivation
        effects::of_groups
        effects::references_come_back
        members::come_and_go
        members::replaced_as_a_whole
        members::into_the_target_group
        refusals::of_single_requests
        refusals::in_a_bulk
        refusals::failures_write_nothing
        refusals::again_is_tried_again
        ids::given_and_found
        ids::of_groups_that_only_links_change
        ids::wrong_ones_write_nothing
        ids::survive_the_component
        ids::of_removed_users
        product::changes_users
        product::changes_groups
        product::gives_ids
        transaction::is_one_with_the_commit
        transaction::failed_statements_leave_nothing_unknown
    ]
}

/// A tenant's service in the module, and its application.
struct Site {
    module: Embedded,
    store: Arc<dyn TenantStorage>,
    /// The changes of each call of `before-commit`.
    heard: Arc<Mutex<Vec<Value>>>,
    /// The answers to the next calls; none means that no id is given.
    answers: Arc<Mutex<Vec<Value>>>,
}

impl Site {
    async fn new(profile: Value) -> anyhow::Result<Self> {
        let store = in_memory().await?;
        let module = Embedded::new(store.clone(), &profile.to_string(), true).await?;
        let (heard, answers) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::default());
        let (hears, gives): (_, Arc<Mutex<Vec<Value>>>) = (heard.clone(), Arc::clone(&answers));
        let module = module.with_application(Arc::new(move |changes| {
            hears.lock().expect("nobody panics").push(changes.clone());
            let mut gives = gives.lock().expect("nobody panics");
            match gives.is_empty() {
                true => json!({"return": {"ok": []}}),
                false => gives.remove(0),
            }
        }));
        Ok(Self { module, store, heard, answers })
    }

    /// Answers the next call of `before-commit`.
    fn answer(&self, answer: Value) {
        self.answers.lock().expect("nobody panics").push(answer);
    }

    /// Gives ids in the next call of `before-commit`.
    fn give(&self, ids: Value) {
        self.answer(json!({"return": {"ok": ids}}));
    }

    /// Refuses in the next call of `before-commit`.
    fn refuse(&self, refusal: Value) {
        self.answer(json!({"return": {"err": refusal}}));
    }

    /// The changes that the application has heard of since the last time, call by call.
    fn heard(&self) -> Vec<Value> {
        std::mem::take(&mut *self.heard.lock().expect("nobody panics"))
    }

    /// The only change of the only call since the last time.
    fn change(&self) -> anyhow::Result<Value> {
        let mut heard = self.heard();
        ensure!(heard.len() == 1, "{} calls: {heard:?}", heard.len());
        match heard[0].as_array_mut().context("no list")?.as_mut_slice() {
            [change] => Ok(change.take()),
            changes => bail!("{} changes: {changes:?}", changes.len()),
        }
    }

    async fn ask(&self, method: &str, target: &str, body: Value) -> anyhow::Result<Answer> {
        ask(&self.module, method, target, body).await
    }

    async fn made(&self, body: Value) -> anyhow::Result<String> {
        let target = if body.get("userName").is_some() { "/Users" } else { "/Groups" };
        let made = self.ask("POST", target, body).await?.expect(201)?;
        text(&made, "id").map(ToOwned::to_owned)
    }

    async fn patched(&self, target: &str, operations: Value) -> anyhow::Result<()> {
        let answer = self.ask("PATCH", target, patch(operations)).await?;
        ensure!([200, 204].contains(&answer.status), "{answer:?}");
        Ok(())
    }

    async fn result(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        self.module.call(function, arguments).await
    }

    async fn admin(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.result(&format!("admin.{function}"), arguments).await?;
        outcome(result).context(function.to_owned())
    }

    async fn directory(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.result(&format!("directory.{function}"), arguments).await?;
        outcome(result).context(function.to_owned())
    }

    /// The user in the product's view.
    async fn user(&self, id: &str) -> anyhow::Result<Value> {
        document(&self.admin("user", json!({"id": id})).await?)
    }

    /// The number of the tenant's events.
    async fn last_event(&self) -> anyhow::Result<u64> {
        let events = self.store.events(0, 10_000).await?;
        Ok(events.last().map_or(0, |event| event.sequence))
    }

    /// Name and data of the feed's events after a number about a resource.
    async fn feed(&self, after: u64, path: &str) -> anyhow::Result<Vec<(String, Value)>> {
        let events = self.store.events(after, 10_000).await?;
        let lines = events.iter().map(Line::from);
        let about = lines
            .filter(|line| line.channel == "feed" && line.subject.as_deref() == Some(path))
            .map(|line| (line.name, line.data));
        Ok(about.collect())
    }
}

async fn ask(module: &Embedded, method: &str, target: &str, body: Value) -> anyhow::Result<Answer> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let bearer = format!("Bearer {}", module.secret());
    let headers =
        vec![header("authorization", &bearer), header("content-type", "application/scim+json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (method, target) = (method.to_owned(), target.to_owned());
    module.send(Call { method, target, headers, body }).await
}

fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    json!({"schemas": [schema], "displayName": name, "members": members})
}

fn patch(operations: Value) -> Value {
    scimlet_tests::client::patch(operations)
}

fn document(text: &Value) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(text.as_str().with_context(|| format!("{text} is no text"))?)?)
}

/// The names of a resource, as the application hears them.
fn identity(resource_type: &str, id: &str, product_id: Option<&str>) -> Value {
    json!({"resource-type": resource_type, "id": id, "product-id": product_id})
}

/// The names of effects.
fn names(effects: &Value) -> Vec<&str> {
    let effects = effects.as_array().into_iter().flatten();
    effects.filter_map(|effect| effect["name"].as_str()).collect()
}
