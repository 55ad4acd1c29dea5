//! What a tenant's clients do to a server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use scimlet_tests::client::{patch, together};
use scimlet_tests::exchange::{Call, Endpoint, Http, TENANT};
use scimlet_tests::rounds::rounds;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::latency::Latencies;
use super::usage;

/// How often the neighbour asks in the test command; `SCIMLET_ROUNDS` says otherwise.
const ROUNDS: u64 = 40;
/// Users of the attacker.
const USERS: usize = 100;
/// Bytes that a server has resident at the most, whatever a tenant's clients do.
const MEMORY: u64 = 300 << 20;
/// After how long every other searching client goes away.
const PATIENCE: Duration = Duration::from_millis(300);

/// Requests that one tenant's clients send again and again.
#[derive(Clone, Copy)]
pub enum Attack {
    /// Searches for what no index serves, by a hundred connections whose clients go away after a moment.
    Searches,
    /// Users with thousands of values, by 40 connections.
    Values,
    /// Cheap requests, by 200 connections.
    Flood,
    /// Changes of one user, by 64 connections.
    OneUser,
    /// Changes, by 40 connections, while somebody else holds a row that all of them need.
    LockedRow,
}

impl Attack {
    /// Those that any client can do.
    pub const ALL: [Self; 4] = [Self::Searches, Self::Values, Self::Flood, Self::OneUser];

    /// As trials are named.
    pub fn name(self) -> &'static str {
        match self {
            Self::Searches => "searches",
            Self::Values => "values",
            Self::Flood => "flood",
            Self::OneUser => "one_user",
            Self::LockedRow => "locked_row",
        }
    }

    fn connections(self) -> usize {
        match self {
            Self::Searches => 100,
            Self::Values | Self::LockedRow => 40,
            Self::Flood => 200,
            Self::OneUser => 64,
        }
    }

    /// The neighbour is answered, and soon, beside the attack and `meanwhile`, which begins with it.
    pub async fn run<T>(
        self,
        folder: &Path,
        server: &Server,
        meanwhile: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<()> {
        server::command_on(folder, server, &["tenant", "create", "neighbour"])?;
        let (attacker, neighbour) = (server.endpoint(TENANT)?, server.endpoint("neighbour")?);
        let users = (0..USERS).map(|number| {
            let http = attacker.clone();
            async move {
                let name = format!("somebody{number}@example.com");
                let body = json!({"userName": name, "displayName": format!("Some Body {number}")});
                http.ask("POST", "/Users", &body).await?.expect(201)
            }
        });
        let users = together(users).await?;
        let id = users
            .first()
            .and_then(|user| user["id"].as_str())
            .unwrap_or_default();
        let times = rounds(ROUNDS)?;
        let quiet = Latencies::of(&neighbour, "quiet", times).await?;
        let (attack, held) = (clients()?, meanwhile()?);
        let http = Http::new(attacker.base.clone(), attacker.secret.clone())?;
        let failed = Arc::new(AtomicUsize::new(0));
        for number in 0..self.connections() {
            let (http, call) = (http.clone(), self.call(&http, id, number));
            attack.spawn(self.keep_sending(http, call, number, Arc::clone(&failed)));
        }
        let busy = Latencies::of(&neighbour, "busy", times).await;
        attack.shutdown_background();
        drop(held);
        busy?.print(self.name(), quiet);
        let memory = usage::memory(server)?;
        let failed = failed.load(Ordering::Relaxed);
        ensure!(failed == 0, "{failed} answers say that the server failed");
        println!("{}: {} MiB resident at the most", self.name(), memory >> 20);
        ensure!(memory < MEMORY, "{} MiB resident", memory >> 20);
        usage::becomes_idle(server).await
    }

    /// Counts the answers that say that the server failed, which none does because it is busy.
    async fn keep_sending(self, http: Http, call: Call, number: usize, failed: Arc<AtomicUsize>) {
        let goes_away = matches!(self, Self::Searches) && number.is_multiple_of(2);
        let patience = if goes_away { PATIENCE } else { Duration::MAX };
        loop {
            let answer = timeout(patience, http.send(call.clone())).await;
            if matches!(answer, Ok(Ok(answer)) if answer.status == 500) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn call(self, http: &Http, id: &str, number: usize) -> Call {
        match self {
            Self::Searches => {
                let terms: Vec<String> = (0..8)
                    .map(|term| format!("displayName co \"nobody {number} {term}\""))
                    .collect();
                let filter = format!("not ({})", terms.join(" or "));
                let filter = percent(&filter);
                http.call("GET", &format!("/Users?filter={filter}"), &Value::Null)
            }
            Self::Values => {
                // Some are refused, and some are as large as they may be.
                let count = if number.is_multiple_of(2) { 9000 } else { 1000 };
                let email = |n: usize| json!({"value": format!("mail{n}.{number}@example.com")});
                let emails: Vec<Value> = (0..count).map(email).collect();
                let body = json!({"userName": format!("many{number}"), "emails": emails});
                http.call("POST", "/Users", &body)
            }
            Self::Flood => http.call("GET", &format!("/Users/{id}"), &Value::Null),
            Self::OneUser | Self::LockedRow => {
                let value =
                    json!([{"op": "replace", "path": "title", "value": number.to_string()}]);
                let body = patch(value);
                http.call("PATCH", &format!("/Users/{id}"), &body)
            }
        }
    }
}

/// Where the attacker's clients run: another machine as it were, so that they do not take the
/// processors from the server and the neighbour.
fn clients() -> std::io::Result<Runtime> {
    let last = || {
        let thread = rustix::thread::gettid();
        if let Err(error) = rustix::process::setpriority_process(Some(thread), 19) {
            println!("the attack runs as if on the server's machine: {error}");
        }
    };
    Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(last)
        .enable_all()
        .build()
}

fn percent(text: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://any", [("f", text)]);
    url.ok()
        .and_then(|url| Some(url.query()?.trim_start_matches("f=").to_owned()))
        .unwrap_or_default()
}
