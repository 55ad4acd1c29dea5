//! The users and groups that a run uses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::Client;
use super::{BenchError, Options};

/// The number of concurrent requests that create resources.
const AT_ONCE: usize = 8;

/// Existing resources for a run to look up and to change.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ids and userNames; the e-mail address of each user is its userName.
    pub users: Vec<(String, String)>,
    /// Groups with the first of the users as members. Each connection changes one of them, as long
    /// as there are enough.
    pub groups: Vec<String>,
    /// The number of users that are members of each group.
    pub members: usize,
}

/// The resources of a run.
pub(super) struct Population {
    /// The run's id in the names of all resources that it creates.
    run: String,
    /// The resources that are looked up and changed.
    pub(super) known: Arc<Known>,
    /// The paths of all resources that the run created.
    made: Mutex<Vec<String>>,
}

impl Population {
    pub(super) async fn make(client: &Client, options: &Options) -> Result<Self, BenchError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let run = format!("{:x}", now.unwrap_or_default().as_micros());
        let mut population = Self { run, known: Arc::default(), made: Mutex::default() };
        population.known = match &options.known {
            Some(known) => Arc::clone(known),
            None => Arc::new(population.users(client, options).await?),
        };
        Ok(population)
    }

    async fn users(&self, client: &Client, options: &Options) -> Result<Known, BenchError> {
        let names = (0..options.users.max(1)).map(|number| self.name(&format!("u{number}")));
        let names = Arc::new(Mutex::new(names.collect::<Vec<_>>()));
        let mut creating = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (mut connection, names) = (client.connection(), Arc::clone(&names));
            creating.spawn(async move {
                let mut users = Vec::new();
                while let Some(name) = next(&names) {
                    let id = connection.create("/Users", &user(&name)).await?;
                    users.push((id, name));
                }
                Ok::<_, BenchError>(users)
            });
        }
        let mut users = Vec::new();
        for created in creating.join_all().await {
            users.extend(created?);
        }
        for (id, _) in &users {
            self.record(format!("/Users/{id}"));
        }
        // Sorted independently of the order of responses, so that equal seeds choose equal users.
        users.sort_by(|(_, a), (_, b)| (a.len(), a).cmp(&(b.len(), b)));
        Ok(Known { users, ..Known::default() })
    }

    /// Returns a userName that is unique to this run.
    pub(super) fn name(&self, part: &str) -> String {
        format!("bench-{}-{part}@example.com", self.run)
    }

    /// Records a created resource for removal.
    pub(super) fn record(&self, path: String) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(path);
    }

    fn taken(&self) -> Vec<String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *made)
    }

    /// Removes all created resources, ignoring failures.
    pub(super) async fn remove(&self, client: &Client, connections: u32) {
        let paths = Arc::new(Mutex::new(self.taken()));
        let mut removing = JoinSet::new();
        for _ in 0..connections.max(1) {
            let (mut connection, paths) = (client.connection(), Arc::clone(&paths));
            removing.spawn(async move {
                while let Some(path) = next(&paths) {
                    drop(connection.send(Method::DELETE, &path, None).await);
                }
            });
        }
        removing.join_all().await;
    }
}

fn next(left: &Mutex<Vec<String>>) -> Option<String> {
    left.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// Returns a user with this userName and e-mail address, as Okta creates it.
#[must_use]
pub fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": name, "type": "work"}],
        "displayName": "Test User",
        "externalId": name,
        "active": true,
    })
}

/// Returns a group without members.
pub(super) fn group(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
    })
}
