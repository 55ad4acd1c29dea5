//! Recorded exchanges: over a store in memory, where the module has to answer as native core with
//! the same times and random bytes, to the byte; and over SQLite in one kept instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::http::Caller;
use scimlet::store::Store;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::exchange::{self, Answer, Call, Endpoint, Exchange, InProcess, TENANT};
use scimlet_tests::module::{Embedded, Moment};
use scimlet_tests::native::Native;
use scimlet_tests::sql::{OverComponent, PostgresConnection, SqliteConnection};
use scimlet_tests::{needs, postgres};
use tempfile::TempDir;

use super::{in_memory, tenant, trial};

/// Five trials for each exchange.
pub fn trials() -> Vec<Trial> {
    let exchanges = exchange::all().expect("the recorded exchanges are well formed");
    let of = |exchange: Exchange| {
        let name = |way: &str| format!("module::{way}::{}", exchange.name);
        let (equal, kept) = (exchange.clone(), exchange.clone());
        let (sqlite, on_postgres) = (exchange.clone(), exchange.clone());
        let in_component = exchange.clone();
        [
            trial(name("equal"), || equal_to_native(equal)),
            trial(name("kept"), || kept_over_sqlite(kept)),
            trial(name("sql_sqlite"), || over_sqlite(sqlite)),
            trial(name("component_sql"), || over_component(in_component)),
            Trial::ignorable_test(name("sql_postgres"), move || {
                needs::with(postgres::shared(), |cluster| {
                    let url = cluster.database()?;
                    super::super::runtime()?.block_on(over_postgres(url, on_postgres))
                })
            }),
        ]
    };
    exchanges.into_iter().flat_map(of).collect()
}

async fn equal_to_native(exchange: Exchange) -> anyhow::Result<()> {
    let native = Natively::new(in_memory().await?, &exchange.profile).await?;
    let native = exchange::run(&exchange, &native).await?;
    let module = Embedded::new(in_memory().await?, &exchange.profile, false).await?;
    let module = exchange::run(&exchange, &module).await?;
    for ((step, a), b) in exchange.steps.iter().zip(&native).zip(&module) {
        ensure!(a == b, "{}: natively {a:?}, in the module {b:?}", step.title);
    }
    ensure!(native.len() == module.len(), "not as many answers");
    Ok(())
}

async fn kept_over_sqlite(exchange: Exchange) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let store = tenant(&Sqlite::open(folder.path().join("module.db"))?).await?;
    let module = Embedded::new(store, &exchange.profile, true).await?;
    exchange::run(&exchange, &module).await.map(drop)
}

/// By statements, in one kept instance.
async fn over_sqlite(exchange: Exchange) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let connection = SqliteConnection::open(&folder.path().join("module.db"))?;
    let module = Embedded::over_sql(connection, &exchange.profile, true).await?;
    exchange::run(&exchange, &module).await.map(drop)
}

/// Through `scimlet-sql.wasm`.
async fn over_component(exchange: Exchange) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let connection = SqliteConnection::open(&folder.path().join("component.db"))?;
    let component = OverComponent::new(connection, &exchange.profile).await?;
    exchange::run(&exchange, &component).await.map(drop)
}

async fn over_postgres(url: String, exchange: Exchange) -> anyhow::Result<()> {
    let connection = PostgresConnection::open(&url).await?;
    let module = Embedded::over_sql(connection, &exchange.profile, true).await?;
    exchange::run(&exchange, &module).await.map(drop)
}

/// Core natively, each of whose calls has the time and the random bytes of its number.
struct Natively {
    store: Arc<dyn Store>,
    secret: String,
    calls: AtomicU64,
}

impl Natively {
    async fn new(store: Arc<dyn Store>, profile: &str) -> anyhow::Result<Self> {
        let mut endpoint = Self { store, secret: String::new(), calls: AtomicU64::new(0) };
        let store = endpoint.store.clone();
        endpoint.next().configure(store.clone(), profile).await?;
        endpoint.secret = endpoint.next().issue_credential(store, TENANT).await?.secret;
        Ok(endpoint)
    }

    fn next(&self) -> Native {
        let moment = Arc::new(Moment::of(self.calls.fetch_add(1, Ordering::Relaxed)));
        Native { clock: moment.clone(), random: moment }
    }
}

#[async_trait]
impl Endpoint for Natively {
    fn base(&self) -> &str {
        InProcess::BASE
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let (provider, store) = (Arc::new(self.next()), self.store.clone());
        let (secret, caller) = (self.secret.clone(), Caller::Unknown);
        InProcess { provider, store, secret, caller }.send(call).await
    }
}
