//! A tenant's service, natively, with a clock that is set by hand and a store that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use scimlet::Provider;
use scimlet::clock::Clock;
use scimlet::http::{Caller, Origin, Principal, Request};
use scimlet::store::Database;
use scimlet::store::memory::Memory;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::text;
use scimlet_tests::exchange::Answer;
use scimlet_tests::fixed::KnownBytes;
use scimlet_tests::native::Native;
use scimlet_tests::reads::Counted;
use serde_json::{Value, json};
use tokio::sync::watch;

/// A clock that is set by hand, in seconds.
#[derive(Debug)]
pub struct Watch(pub AtomicU64);

impl Clock for Watch {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A tenant's service, natively.
pub struct Service {
    native: Native,
    /// The service's clock.
    pub watch: Arc<Watch>,
    tenant: &'static str,
    /// The service's store.
    pub store: Arc<Counted>,
    _folder: tempfile::TempDir,
}

impl Service {
    /// A tenant in a database of this name.
    pub async fn of(database: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let database: Arc<dyn Database> = match database {
            "memory" => Arc::new(Memory::exact()),
            "unfiltered" => Arc::new(Memory::unfiltered()),
            _ => Arc::new(Sqlite::open(folder.path().join("walk.db"))?),
        };
        Self::tenant(&*database, "ours", folder).await
    }

    /// A new tenant of a database.
    pub async fn tenant(
        database: &dyn Database,
        tenant: &'static str,
        folder: tempfile::TempDir,
    ) -> anyhow::Result<Self> {
        let watch = Arc::new(Watch(AtomicU64::new(1_800_000_000)));
        let native = Native { clock: watch.clone(), random: Arc::new(KnownBytes::default()) };
        Self::made(database, tenant, (native, watch), folder).await
    }

    /// A new tenant with the clock and the source of random bytes of another.
    pub async fn beside(
        database: &dyn Database,
        tenant: &'static str,
        other: &Self,
    ) -> anyhow::Result<Self> {
        let ports = (other.native.clone(), other.watch.clone());
        Self::made(database, tenant, ports, tempfile::tempdir()?).await
    }

    async fn made(
        database: &dyn Database,
        tenant: &'static str,
        (native, watch): (Native, Arc<Watch>),
        folder: tempfile::TempDir,
    ) -> anyhow::Result<Self> {
        database.create_tenant(tenant, 0).await?;
        let store = database.open(tenant).await?.context("it was made")?;
        let store = Arc::new(Counted::new(store));
        let profile = r#"{"extends":"default"}"#;
        native.configure(store.clone(), profile).await?;
        Ok(Self { native, watch, tenant, store, _folder: folder })
    }

    /// Sends a request, with a body unless it is null.
    pub async fn ask(&self, method: &str, target: &str, body: Value) -> anyhow::Result<Answer> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let origin = Origin {
            tenant: self.tenant.to_owned(),
            base_url: "http://scim.test".to_owned(),
            client_address: None,
            caller: Caller::Client(Principal { name: "walker".to_owned() }),
        };
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: if body.is_null() { String::new() } else { body.to_string() },
        };
        let (_waits, gone) = watch::channel(false);
        let answer = self.native.handle(self.store.clone(), origin, request, gone).await?;
        Ok(Answer { status: answer.status, headers: answer.headers, body: answer.body })
    }

    /// A page of ids; the target ends with `?` or `&`.
    pub async fn page(&self, target: &str, cursor: &str, count: usize) -> anyhow::Result<Value> {
        let target = format!("{target}attributes=id&cursor={cursor}&count={count}");
        self.ask("GET", &target, Value::Null).await?.expect(200)
    }

    /// Makes a user, or every fourth time a group; its URL's path.
    pub async fn make(&self, number: usize) -> anyhow::Result<String> {
        let name = ["Eve", "Dan", "Bob"].get(number % 5);
        let (endpoint, body) = if number % 4 == 3 {
            ("/Groups", json!({"displayName": format!("g{}", number % 3)}))
        } else {
            let emails = json!([{"type": "work", "value": format!("{number}@a.example")}]);
            let body = json!({
                "userName": format!("u{number}"),
                "displayName": name, "title": name, "emails": emails,
            });
            ("/Users", body)
        };
        let made = self.ask("POST", endpoint, body).await?.expect(201)?;
        Ok(format!("{endpoint}/{}", text(&made, "id")?))
    }
}
