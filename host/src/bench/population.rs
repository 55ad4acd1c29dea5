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

/// Who is there already, for a run to look up and to change.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ids and userNames; the e-mail address of each is its userName.
    pub users: Vec<(String, String)>,
    /// Groups of which the first of the users are members. Each connection changes one of them, as long as there are enough.
    pub groups: Vec<String>,
    /// How many of the users that is.
    pub members: usize,
}

/// What a run has made, so that it can be removed.
pub(super) struct Population {
    /// In the names of all that this run makes.
    run: String,
    /// Who is looked up and changed.
    pub(super) known: Arc<Known>,
    /// The paths of everything that the run made.
    made: Mutex<Vec<String>>,
}

impl Population {
    pub(super) async fn make(client: &Client, options: &Options) -> Result<Self, BenchError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let run = format!("{:x}", now.unwrap_or_default().as_micros());
        let mut population = Self {
            run,
            known: Arc::default(),
            made: Mutex::default(),
        };
        population.known = match &options.known {
            Some(known) => Arc::clone(known),
            None => Arc::new(population.users(client, options).await?),
        };
        Ok(population)
    }

    async fn users(&self, client: &Client, options: &Options) -> Result<Known, BenchError> {
        let names: Vec<String> = (0..options.users.max(1))
            .map(|number| self.name(&format!("u{number}")))
            .collect();
        let mut users = Vec::with_capacity(names.len());
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
                let (id, name) = created?;
                self.note(format!("/Users/{id}"));
                users.push((id, name));
            }
        }
        // In the same order whatever the order of the answers, so that a seed chooses the same.
        users.sort_by(|(_, a), (_, b)| (a.len(), a).cmp(&(b.len(), b)));
        Ok(Known {
            users,
            ..Known::default()
        })
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
    pub(super) async fn remove(&self, client: &Client, connections: u32) {
        let paths = Arc::new(Mutex::new(self.taken()));
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
