//! The answer to a client when the store fails during a commit or after it: the committed resource,
//! that nothing was changed, or that the outcome is not known.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::http::Caller;
use scimlet::plugin::journal::{Journal, Note, Subject};
use scimlet::plugin::{CredentialRequest, Limits};
use scimlet::store::memory::Memory;
use scimlet::store::{
    Committed, Database, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection,
    Store, StoreDecorator, Write,
};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::client::patch;
use scimlet_tests::exchange::{Answer, Call, DEFAULT, Endpoint, InProcess, TENANT};
use serde_json::{Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("faults::committed_and_not_read", not_read),
        trial("faults::committed_too_late", too_late),
        trial("faults::a_commit_in_doubt_says_so", in_doubt),
    ]
}

/// Nothing fails.
const WELL: u8 = 0;
/// Reads fail after a commit.
const SILENT: u8 = 1;
/// A commit happens, and its acknowledgement is lost.
const DOUBT: u8 = 2;
/// A commit does not happen.
const LOCKED: u8 = 3;
/// A commit takes longer than a request may.
const SLOW: u8 = 4;

/// How long a request may take here.
const REQUEST: Duration = Duration::from_millis(1500);

/// A store that fails as it is told.
struct Failing {
    inner: Arc<dyn Store>,
    failure: Arc<Failure>,
}

/// The way in which the store fails, and whether it has committed since that was set.
struct Failure {
    how: AtomicU8,
    committed: AtomicBool,
}

impl Failing {
    fn fail(&self, how: u8) {
        self.failure.how.store(how, Ordering::SeqCst);
        self.failure.committed.store(false, Ordering::SeqCst);
    }

    fn readable(&self) -> Result<(), Refusal> {
        let how = self.failure.how.load(Ordering::SeqCst);
        if how == SILENT && self.failure.committed.load(Ordering::SeqCst) {
            return Err(Refusal::Unavailable("disk I/O error".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl StoreDecorator for Failing {
    type Inner = dyn Store;

    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        let failure = Arc::clone(&self.failure);
        Arc::new(Self { inner, failure })
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.readable()?;
        self.inner.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.readable()?;
        self.inner.find(query).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.readable()?;
        let pages = self.inner.links(anchors, name, direction, after, limit);
        pages.await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.readable()?;
        self.inner.has(links).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let used = |write: &Write| match write {
            Write::Insert(draft) => draft.key.kind == "$used",
            Write::Replace(replacement) => replacement.draft.key.kind == "$used",
            _ => false,
        };
        // That a credential was used is a commit of its own, in which nothing fails here.
        if writes.iter().any(used) {
            return self.inner.commit(at, actor, writes).await;
        }
        let how = self.failure.how.load(Ordering::SeqCst);
        let refused = |reason| Err(Rejection { write: 0, reason });
        if how == LOCKED {
            return refused(Refusal::NotDone("database is locked".into()));
        }
        if how == SLOW {
            tokio::time::sleep(REQUEST).await;
        }
        let done = self.inner.commit(at, actor, writes).await?;
        self.failure.committed.store(true, Ordering::SeqCst);
        match how {
            DOUBT => refused(Refusal::Unavailable("connection closed".into())),
            _ => Ok(done),
        }
    }
}

/// A journal that keeps the texts.
#[derive(Default)]
struct RecordingJournal(Mutex<Vec<String>>);

impl Journal for RecordingJournal {
    fn write(&self, _: &Subject, note: Note) {
        let mut notes = self.0.lock().expect("nobody panics with it");
        notes.push(note.text);
    }
}

/// A tenant whose store fails as it is told.
struct Faulty {
    store: Arc<Failing>,
    endpoint: InProcess,
    journal: Arc<RecordingJournal>,
}

impl Faulty {
    async fn new() -> anyhow::Result<Self> {
        let journal = Arc::new(RecordingJournal::default());
        let mut limits = Limits::default();
        limits.request = REQUEST;
        let options = PluginOptions::default().with_limits(limits);
        let plugin = Plugin::new(options.with_journal(journal.clone()))?;
        let database = Memory::exact();
        database.create_tenant(TENANT, 0).await?;
        let inner = database.open(TENANT).await?.context("no tenant")?;
        let admin = plugin.admin(inner.clone());
        admin.configure(DEFAULT, None).await?;
        let request = CredentialRequest::bearer(TENANT, "");
        let secret = admin.issue_credential(&request).await?.secret;
        let store = Arc::new(Failing {
            inner,
            failure: Arc::new(Failure {
                how: AtomicU8::new(WELL),
                committed: AtomicBool::new(false),
            }),
        });
        let endpoint = InProcess {
            provider: Arc::new(plugin),
            store: store.clone(),
            secret,
            caller: Caller::Unknown,
        };
        Ok(Self { store, endpoint, journal })
    }

    /// An answer while the store fails like this.
    async fn ask(
        &self,
        how: u8,
        method: &str,
        target: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        self.store.fail(how);
        let credential = format!("Bearer {}", self.endpoint.secret);
        let headers = vec![
            ("authorization".to_owned(), credential),
            ("content-type".to_owned(), "application/scim+json".to_owned()),
        ];
        let answer = self.endpoint.send(Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: if body.is_null() { String::new() } else { body.to_string() },
        });
        let answer = answer.await;
        self.store.fail(WELL);
        answer
    }

    async fn read(&self, target: &str) -> anyhow::Result<Value> {
        self.ask(WELL, "GET", target, &Value::Null).await?.expect(200)
    }
}

fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

/// A write that was committed is answered as such even if every read after the commit fails.
async fn not_read() -> anyhow::Result<()> {
    let faulty = Faulty::new().await?;
    let made = faulty.ask(SILENT, "POST", "/Users", &user("ada")).await?;
    let shown = made.expect(201)?;
    let target = format!("/Users/{}", shown["id"].as_str().context("an id")?);
    ensure!(faulty.read(&target).await? == shown, "{shown}");

    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "all", "members": [{"value": shown["id"]}],
    });
    let made = faulty.ask(SILENT, "POST", "/Groups", &group).await?;
    ensure!(made.status == 201, "{made:?}");
    let location = made.header("location").context("a location")?;
    let found = faulty.read(location.rsplit_once("/scim/v2").map_or(location, |(_, end)| end));
    ensure!(found.await?["members"][0]["value"] == shown["id"]);

    let change = patch(json!([{"op": "replace", "path": "title", "value": "Countess"}]));
    let changed = faulty.ask(SILENT, "PATCH", &target, &change).await?;
    ensure!([200, 204].contains(&changed.status), "{changed:?}");
    ensure!(faulty.read(&target).await?["title"] == "Countess");

    let put = faulty.ask(SILENT, "PUT", &target, &user("ada.king")).await?;
    ensure!([200, 204].contains(&put.status), "{put:?}");
    ensure!(faulty.read(&target).await?["userName"] == "ada.king");

    let gone = faulty.ask(SILENT, "DELETE", &target, &Value::Null).await?;
    ensure!(gone.status == 204, "{gone:?}");
    let notes = faulty.journal.0.lock().expect("nobody panics with it");
    ensure!(notes.iter().any(|note| note.contains("disk I/O error")), "{notes:?}");
    Ok(())
}

/// A write that took longer to commit than a request may take is answered from what was committed.
async fn too_late() -> anyhow::Result<()> {
    let faulty = Faulty::new().await?;
    let made = faulty.ask(SLOW, "POST", "/Users", &user("ada")).await?;
    let shown = made.expect(201)?;
    let target = format!("/Users/{}", shown["id"].as_str().context("an id")?);
    ensure!(faulty.read(&target).await? == shown, "{shown}");
    Ok(())
}

/// A 503 after a commit whose outcome is not known differs from one after a commit that did not
/// happen.
async fn in_doubt() -> anyhow::Result<()> {
    let faulty = Faulty::new().await?;
    let mut details = Vec::new();
    for (how, name, count) in [(DOUBT, "ada", 1), (LOCKED, "grace", 0)] {
        let answer = faulty.ask(how, "POST", "/Users", &user(name)).await?;
        let error = answer.expect(503)?;
        ensure!(error.get("scimType").is_none(), "{error}");
        ensure!(!answer.body.contains("locked") && !answer.body.contains("closed"), "{error}");
        let found = faulty.read(&format!("/Users?filter=userName%20eq%20%22{name}%22")).await?;
        ensure!(found["totalResults"] == count, "{found}");
        details.push(error["detail"].clone());
    }
    ensure!(details[0] != details[1], "{details:?}");
    let notes = faulty.journal.0.lock().expect("nobody panics with it");
    ensure!(notes.iter().any(|note| note.contains("connection closed")), "{notes:?}");
    Ok(())
}
