//! The users and groups that a run works on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::Client;
use super::{BenchError, Options};

/// How many are made or removed at the same time.
const AT_ONCE: usize = 8;

/// What a run has made, so that it can be removed.
pub(super) struct Population {
    /// In the names of all that this run makes.
    run: String,
    /// Those that are looked up and changed: id and userName.
    pub(super) users: Vec<(String, String)>,
    /// The paths of everything that was made later.
    made: Mutex<Vec<String>>,
}

impl Population {
    pub(super) async fn make(client: &Client, options: &Options) -> Result<Self, BenchError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let run = format!("{:x}", now.unwrap_or_default().as_micros());
        let mut population = Self {
            run,
            users: Vec::new(),
            made: Mutex::default(),
        };
        let names: Vec<String> = (0..options.users.max(1))
            .map(|number| population.name(&format!("u{number}")))
            .collect();
        for names in names.chunks(AT_ONCE) {
            let mut creating = JoinSet::new();
            for name in names.iter().cloned() {
                let client = client.clone();
                creating.spawn(async move {
                    let id = client.create("/Users", &user(&name)).await?;
                    Ok::<_, BenchError>((id, name))
                });
            }
            for created in creating.join_all().await {
                population.users.push(created?);
            }
        }
        // In the same order whatever the order of the answers, so that a seed chooses the same.
        population
            .users
            .sort_by(|(_, a), (_, b)| (a.len(), a).cmp(&(b.len(), b)));
        Ok(population)
    }

    /// A userName of this run.
    pub(super) fn name(&self, part: &str) -> String {
        format!("bench-{}-{part}@example.com", self.run)
    }

    /// Notes what is to be removed in the end.
    pub(super) fn note(&self, path: String) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(path);
    }

    fn taken(&self) -> Vec<String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *made)
    }

    /// Removes all of it; what cannot be removed stays.
    pub(super) async fn remove(self: Arc<Self>, client: &Client, connections: u32) {
        let mut paths = self.taken();
        paths.extend(self.users.iter().map(|(id, _)| format!("/Users/{id}")));
        let paths = Arc::new(Mutex::new(paths));
        let mut removing = JoinSet::new();
        for _ in 0..connections.max(1) {
            let (client, paths) = (client.clone(), Arc::clone(&paths));
            removing.spawn(async move {
                let next = || paths.lock().unwrap_or_else(PoisonError::into_inner).pop();
                while let Some(path) = next() {
                    drop(client.send(Method::DELETE, &path, None).await);
                }
            });
        }
        removing.join_all().await;
    }
}

/// As Okta creates a user.
pub(super) fn user(name: &str) -> Value {
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

/// A group without members.
pub(super) fn group(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
    })
}
