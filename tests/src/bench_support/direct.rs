//! Requests to a provider in this process, without HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use scimlet::Provider;
use scimlet::clock::SystemClock;
use scimlet::http::Caller;
use scimlet::plugin::random::OsRandom;
use scimlet::store::Database;
use scimlet_bench::{Operation, user};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::exchange::{Call, Endpoint as _, InProcess, TENANT};
use crate::native::Native;

/// The operations that every side of a comparison is asked for.
pub const COMPARED: [Operation; 5] =
    [Operation::Get, Operation::LookUp, Operation::Patch, Operation::Create, Operation::Join];

/// A tenant with some users, and the provider that answers for it.
pub struct Direct {
    endpoint: InProcess,
    people: Vec<String>,
    /// Counts what is made and changed, so that no two are the same.
    made: AtomicU32,
}

impl Direct {
    /// Makes the tenant and the people in it.
    ///
    /// # Errors
    /// If anything fails.
    pub async fn new(
        provider: Arc<dyn Provider>,
        database: &dyn Database,
        people: u32,
    ) -> anyhow::Result<Self> {
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        let native = Native { clock: Arc::new(SystemClock), random: Arc::new(OsRandom) };
        let profile = r#"{"extends":"default"}"#;
        native.configure(store.clone(), profile).await?;
        let issued = native.issue_credential(store.clone(), TENANT).await?;
        let mut direct = Self {
            endpoint: InProcess { provider, store, secret: issued.secret, caller: Caller::Unknown },
            people: Vec::new(),
            made: AtomicU32::new(0),
        };
        for number in 0..people.max(1) {
            let made = direct.make("/Users", user(&name(number as usize))).await?;
            direct.people.push(made);
        }
        Ok(direct)
    }

    /// Returns the right answers a second when so many clients ask at the same time.
    ///
    /// # Errors
    /// If an answer is wrong.
    pub async fn rate(
        self: &Arc<Self>,
        operation: Operation,
        connections: u32,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        for number in 0..connections {
            let mut asker = self.asker(number as usize);
            asking.spawn(async move {
                let mut answered = 0;
                while begun.elapsed() < time {
                    asker.ask(operation).await?;
                    answered += 1;
                }
                anyhow::Ok(answered)
            });
        }
        let mut answered = 0;
        while let Some(one) = asking.join_next().await {
            answered += one??;
        }
        Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
    }

    /// Returns a client that sends one request after another, about a user of its own as long as
    /// there are enough.
    #[must_use]
    pub fn asker(self: &Arc<Self>, number: usize) -> Asker {
        Asker { of: Arc::clone(self), person: number % self.people.len(), group: None }
    }

    async fn make(&self, path: &str, resource: Value) -> anyhow::Result<String> {
        let made = self.ask("POST", path, resource).await?;
        Ok(made["id"].as_str().context("no id")?.to_owned())
    }

    async fn ask(&self, method: &str, target: &str, body: Value) -> anyhow::Result<Value> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let call = Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![
                header("authorization", &format!("Bearer {}", self.endpoint.secret)),
                header("content-type", "application/scim+json"),
            ],
            body: match body {
                Value::Null => String::new(),
                body => body.to_string(),
            },
        };
        let answer = self.endpoint.send(call).await?;
        ensure!((200..300).contains(&answer.status), "{answer:?}");
        Ok(serde_json::from_str(&answer.body).unwrap_or_default())
    }
}

/// A client that sends one request after another.
pub struct Asker {
    of: Arc<Direct>,
    /// The number of the user that is looked up and changed.
    person: usize,
    /// The id of the client's own group, and how many of the users are in it.
    group: Option<(String, usize)>,
}

impl Asker {
    /// Sends one request.
    ///
    /// # Errors
    /// If the answer is wrong, or this is none of the operations that are compared.
    pub async fn ask(&mut self, operation: Operation) -> anyhow::Result<()> {
        let of = Arc::clone(&self.of);
        let number = of.made.fetch_add(1, Ordering::Relaxed);
        let person = format!("/Users/{}", of.people[self.person]);
        let (method, target, body) = match operation {
            Operation::Get => ("GET", person, Value::Null),
            Operation::LookUp => {
                let filter = format!("userName%20eq%20%22{}%22", name(self.person));
                ("GET", format!("/Users?filter={filter}"), Value::Null)
            }
            Operation::Patch => {
                let value = json!({"displayName": format!("U{number}")});
                ("PATCH", person, patch(json!({"op": "replace", "value": value})))
            }
            Operation::Create => {
                ("POST", "/Users".to_owned(), user(&format!("new{number}@example.com")))
            }
            Operation::Join => {
                let (group, member) = self.next_member().await?;
                let value = json!([{"value": member}]);
                let change = json!({"op": "add", "path": "members", "value": value});
                ("PATCH", format!("/Groups/{group}"), patch(change))
            }
            other => anyhow::bail!("{} is not compared", other.name()),
        };
        of.ask(method, &target, body).await.map(drop)
    }

    /// Returns the ids of a group and of the user to add to it next: of a new group when all users
    /// are in the last one.
    async fn next_member(&mut self) -> anyhow::Result<(String, String)> {
        let people = &self.of.people;
        let (group, members) = match self.group.take() {
            Some((group, members)) if members < people.len() => (group, members),
            _ => {
                let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
                let group = json!({"schemas": schemas, "displayName": "g"});
                (self.of.make("/Groups", group).await?, 0)
            }
        };
        let member = people[members].clone();
        self.group = Some((group.clone(), members + 1));
        Ok((group, member))
    }
}

/// The userName of a person.
fn name(person: usize) -> String {
    format!("user{person}@example.com")
}

fn patch(change: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [change]})
}
