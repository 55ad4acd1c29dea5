//! One connection: sends requests and records how long the responses take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};

use super::client::{self, Connection};
use super::mix::{Dialect, Operation};
use super::population::{self, Population};
use super::report::Figures;
use super::{BenchError, Dice, Options, Progress};

/// The results of one connection by operation.
pub(super) type Seen = BTreeMap<Operation, Figures>;

pub(super) struct Worker {
    number: u32,
    options: Options,
    connection: Connection,
    population: Arc<Population>,
    dice: Dice,
    /// Counts created and changed resources, so that their names differ.
    made: u64,
    /// The worker's group, and the number of users in it: the first ones.
    group: Option<(String, usize)>,
    /// The least number of members that the worker leaves in its group.
    least: usize,
    /// The cursor of the next page in listing all users.
    cursor: String,
}

/// A request that is ready to be sent.
struct Prepared {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Worker {
    pub(super) fn new(
        number: u32,
        options: &Options,
        connection: Connection,
        population: Arc<Population>,
    ) -> Self {
        let known = &population.known;
        let group = known.groups.get(number as usize).cloned();
        Self {
            number,
            options: options.clone(),
            connection,
            least: group.as_ref().map_or(0, |_| known.members),
            group: group.map(|group| (group, known.members)),
            cursor: String::new(),
            population,
            dice: Dice::seeded(options.seed ^ (u64::from(number) << 32)),
            made: 0,
        }
    }

    pub(super) async fn run(
        mut self,
        started: Instant,
        progress: Arc<Progress>,
    ) -> Result<Seen, BenchError> {
        let mut seen = Seen::new();
        for iteration in 0_u32.. {
            let due = self.due(started, iteration);
            if due.unwrap_or_else(Instant::now) >= started + self.options.duration {
                break;
            }
            let picked = self.options.mix.pick(&mut self.dice);
            let operation = self.possible(picked);
            let prepared = self.prepare(operation).await?;
            if let Some(due) = due {
                tokio::time::sleep_until(due.into()).await;
            }
            // Latency counts from the time at which the request was due.
            let sent = due.unwrap_or_else(Instant::now);
            let Prepared { method, path, body } = prepared;
            let answer = self.connection.send(method, &path, body.as_ref()).await;
            let took = sent.elapsed();
            progress.answered.fetch_add(1, Ordering::Relaxed);
            let status = answer.as_ref().map(|answer| answer.status);
            seen.entry(operation).or_default().record(took, status);
            if let Ok(answer) = answer {
                self.settle(operation, &answer);
            }
        }
        Ok(seen)
    }

    /// Replaces a removal by an addition if the group has no removable member: existing members
    /// stay.
    fn possible(&self, operation: Operation) -> Operation {
        let members = self.group.as_ref().map_or(0, |(_, members)| *members);
        match operation {
            Operation::Leave if members <= self.least => Operation::Join,
            other => other,
        }
    }

    /// Returns when this iteration's request is due; `None` without a rate.
    fn due(&self, started: Instant, iteration: u32) -> Option<Instant> {
        let rate = self.options.rate?;
        let earlier = f64::from(iteration) * f64::from(self.options.connections);
        let position = earlier + f64::from(self.number);
        Some(started + Duration::from_secs_f64(position / rate))
    }

    async fn prepare(&mut self, operation: Operation) -> Result<Prepared, BenchError> {
        use Operation as Op;
        self.made += 1;
        let part = format!("{}-{}", self.number, self.made);
        let users = self.population.known.users.len() as u64;
        let chosen = usize::try_from(self.dice.below(users)).unwrap_or_default();
        let (id, name) = self.population.known.users[chosen].clone();
        let at_user = format!("/Users/{id}");
        Ok(match operation {
            Op::Get => get(at_user),
            Op::LookUp => get(format!("/Users?filter=userName%20eq%20%22{name}%22")),
            Op::Email => get(format!("/Users?filter=emails.value%20eq%20%22{name}%22")),
            Op::List => get("/Users?startIndex=1&count=50".to_owned()),
            Op::Page => get(format!("/Users?count=50&cursor={}", self.cursor)),
            Op::Create => {
                let name = self.population.name(&part);
                with_body(Method::POST, "/Users".to_owned(), population::user(&name))
            }
            Op::Put => {
                let mut user = population::user(&name);
                user["id"] = id.into();
                user["displayName"] = format!("Test User {part}").into();
                with_body(Method::PUT, at_user, user)
            }
            Op::Patch => {
                let value = format!("Test User {part}").into();
                with_body(Method::PATCH, at_user, self.replace("displayName", value))
            }
            Op::Activate => {
                let value = self.made.is_multiple_of(2).into();
                with_body(Method::PATCH, at_user, self.replace("active", value))
            }
            Op::Join => {
                let (group, members) = self.group_with_room().await?;
                let member = &self.population.known.users[members].0;
                let value = json!([{ "value": member }]);
                let change =
                    json!({"op": self.operation_name("add"), "path": "members", "value": value});
                with_body(Method::PATCH, format!("/Groups/{group}"), patch(change))
            }
            Op::Leave => {
                let (group, members) = self.group.clone().unwrap_or_default();
                let member = &self.population.known.users[members.saturating_sub(1)].0;
                let path = format!("members[value eq \"{member}\"]");
                let change = json!({"op": self.operation_name("remove"), "path": path});
                with_body(Method::PATCH, format!("/Groups/{group}"), patch(change))
            }
        })
    }

    /// Records how a response changes the resources.
    fn settle(&mut self, operation: Operation, answer: &client::Answer) {
        let is_done = (200..300).contains(&answer.status);
        match (operation, &mut self.group) {
            (Operation::Create, _) => {
                if let Some(id) = client::id(answer).filter(|_| !self.options.keep) {
                    self.population.record(format!("/Users/{id}"));
                }
            }
            (Operation::Page, _) => self.cursor = client::next_cursor(answer).unwrap_or_default(),
            (Operation::Join, Some((_, members))) if is_done => *members += 1,
            (Operation::Leave, Some((_, members))) if is_done => {
                *members = members.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// Returns the worker's group, or creates a new one when all users are in it. Not measured.
    async fn group_with_room(&mut self) -> Result<(String, usize), BenchError> {
        if let Some((group, members)) = &self.group
            && *members < self.population.known.users.len()
        {
            return Ok((group.clone(), *members));
        }
        let name = self.population.name(&format!("g{}-{}", self.number, self.made));
        let group = self.connection.create("/Groups", &population::group(&name)).await?;
        self.population.record(format!("/Groups/{group}"));
        self.group = Some((group.clone(), 0));
        self.least = 0;
        Ok((group, 0))
    }

    fn replace(&self, attribute: &str, value: Value) -> Value {
        patch(match self.options.mix.dialect {
            Dialect::Okta => json!({"op": "replace", "value": {attribute: value}}),
            Dialect::Entra => json!({"op": "Replace", "path": attribute, "value": value}),
        })
    }

    /// Returns an operation's name as the client writes it.
    fn operation_name(&self, op: &str) -> String {
        match self.options.mix.dialect {
            Dialect::Okta => op.to_owned(),
            Dialect::Entra => op[..1].to_ascii_uppercase() + &op[1..],
        }
    }
}

fn get(path: String) -> Prepared {
    Prepared { method: Method::GET, path, body: None }
}

fn with_body(method: Method, path: String, body: Value) -> Prepared {
    let body = Some(body);
    Prepared { method, path, body }
}

fn patch(operation: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    })
}
