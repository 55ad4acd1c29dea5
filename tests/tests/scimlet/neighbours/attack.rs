//! The attacks of a tenant's clients on a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use scimlet_tests::client::{patch, text, together};
use scimlet_tests::exchange::{Call, Endpoint as _, Http};
use scimlet_tests::rounds::number;
use serde_json::{Value, json};
use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Users of the attacker that it does not search.
const USERS: u64 = 40;
/// Users that it searches in the test command.
const SEARCHED: u64 = 1000;
/// Users that are made at once.
const AT_ONCE: usize = 16;
/// After how long every other searching client goes away.
const PATIENCE: Duration = Duration::from_millis(300);

/// Requests that one tenant's clients send again and again.
#[derive(Clone, Copy)]
pub enum Attack {
    /// Searches for what no index serves, by a hundred connections whose clients go away after a
    /// moment.
    Searches,
    /// Users with thousands of values, by 40 connections.
    Values,
    /// Cheap requests, by 200 connections.
    Flood,
    /// Changes of one user, by 64 connections.
    OneUser,
    /// Changes of as many users, by 40 connections, while another program holds a row that all of
    /// them need.
    LockedRow,
}

impl Attack {
    /// The attacks that any client can make.
    pub const ALL: [Self; 4] = [Self::Searches, Self::Values, Self::Flood, Self::OneUser];

    /// Returns the name of the attack in names of trials.
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

    /// How many users the attacker has. `SCIMLET_USERS` says how many it searches.
    fn users(self) -> anyhow::Result<u64> {
        match self {
            Self::Searches => Ok(number("SCIMLET_USERS")?.unwrap_or(SEARCHED)),
            _ => Ok(USERS),
        }
    }

    /// Creates the users that the attack is about; returns their ids.
    pub async fn prepare(self, attacker: &Http) -> anyhow::Result<Vec<String>> {
        let mut ids = Vec::new();
        let numbers: Vec<u64> = (0..self.users()?).collect();
        for numbers in numbers.chunks(AT_ONCE) {
            let users = numbers.iter().map(|number| {
                let http = attacker.clone();
                let name = format!("somebody{number}@example.com");
                let body = json!({"userName": name, "displayName": format!("Some Body {number}")});
                async move { http.ask("POST", "/Users", &body).await?.expect(201) }
            });
            for user in together(users).await? {
                ids.push(text(&user, "id")?.to_owned());
            }
        }
        Ok(ids)
    }

    /// Begins, and goes on until what is returned is dropped.
    pub fn begin(self, attacker: &Http, ids: &[String]) -> anyhow::Result<Clients> {
        let runtime = clients()?;
        let http = Http::new(attacker.base.clone(), attacker.secret.clone())?;
        let failed = Arc::new(AtomicUsize::new(0));
        for number in 0..self.connections() {
            let of = if matches!(self, Self::LockedRow) { number } else { 0 };
            let id = ids.get(of).context("too few users")?;
            let (http, call) = (http.clone(), self.call(&http, id, number));
            runtime.spawn(self.keep_sending(http, call, number, Arc::clone(&failed)));
        }
        Ok(Clients { runtime: Some(runtime), failed })
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

/// The attacker's clients.
pub struct Clients {
    runtime: Option<Runtime>,
    failed: Arc<AtomicUsize>,
}

impl Clients {
    /// Answers so far that say that the server failed.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where the attacker's clients run: another machine as it were. Their threads run only when no
/// other is ready (`SCHED_IDLE`), so that they do not take the processors from the server and the
/// neighbour.
fn clients() -> std::io::Result<Runtime> {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let last = move || {
        let thread = thread_native_id();
        if let Err(error) = set_thread_priority_and_policy(thread, ThreadPriority::Min, policy) {
            println!("the attack runs as if on the server's machine: {error}");
        }
    };
    Builder::new_multi_thread().worker_threads(2).on_thread_start(last).enable_all().build()
}

fn percent(text: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://any", [("f", text)]);
    url.ok()
        .and_then(|url| Some(url.query()?.trim_start_matches("f=").to_owned()))
        .unwrap_or_default()
}
