//! Runs the contract suite over every store: the SQLite file, PostgreSQL, the maps in memory, the
//! maps with filters and orders ignored, and scimlet-sql's over connections of other drivers.

mod broken;
mod wasm;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store, TenantStorage};
use scimlet_contract::{Checked, Stores, cases, database_cases, kit::AT, tenant_cases};
use scimlet_sql::database::{migrate, tenants};
use scimlet_tests::dice::Dice;
use scimlet_tests::sql::{PostgresConnection, SqlTenant, SqliteConnection};
use scimlet_tests::{needs, postgres};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// Makes an empty database in a directory that lives as long as the case.
type Make = fn(&TempDir) -> Arc<dyn Database>;

const DATABASES: [(&str, Make); 3] = [
    ("sqlite", |directory| {
        Arc::new(Sqlite::open(directory.path().join("contract.db")).expect("the file opens"))
    }),
    ("memory", |_| Arc::new(Memory::exact())),
    ("unfiltered", |_| Arc::new(Memory::unfiltered())),
];

/// One trial for each case and database.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (database, make) in DATABASES {
        for (case, run) in cases() {
            let run = move |database| run(Arc::new(Tenants::of(database)));
            trials.push(trial(format!("contract::{database}::{case}"), make, run));
        }
        for (case, run) in tenant_cases() {
            let run = move |database| run(Arc::new(Tenants::of(database)));
            trials.push(trial(format!("contract::{database}::{case}"), make, run));
        }
        for (case, run) in database_cases() {
            trials.push(trial(format!("contract::{database}::{case}"), make, run));
        }
    }
    for (case, run) in cases() {
        let run = move |database| run(Arc::new(Tenants::of(database)));
        trials.push(over_postgres(case, |cluster| cluster.common(), run));
    }
    for (case, run) in tenant_cases() {
        let run = move |database| run(Arc::new(Tenants::of(database)));
        trials.push(over_postgres(case, |cluster| cluster.common(), run));
    }
    for (case, run) in database_cases() {
        trials.push(over_postgres(case, |cluster| cluster.database(), run));
    }
    trials.extend(over_sql());
    trials.extend(wasm::trials());
    trials
}

/// The cases over connections that only carry statements. Each fresh store is a tenant of one
/// database.
fn over_sql() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (case, run) in cases() {
        trials.push(Trial::test(format!("contract::sql_sqlite::{case}"), move || {
            let directory = TempDir::new()?;
            let path = directory.path().join("contract.db");
            Ok(super::runtime()?.block_on(run(Arc::new(OverSqlite::new(path)?)))?)
        }));
        trials.push(Trial::ignorable_test(format!("contract::sql_postgres::{case}"), move || {
            needs::with(postgres::shared(), |cluster| {
                let url = cluster.common()?;
                super::runtime()?
                    .block_on(async { Ok(run(Arc::new(OverPostgres::new(url).await?)).await?) })
            })
        }));
    }
    trials
}

/// Connections of a store: two, so that calls at once do not wait for each other.
const CONNECTIONS: usize = 2;

fn fresh_name(made: &AtomicU64, case: &str) -> String {
    format!("sql-{case}-{}", made.fetch_add(1, Ordering::Relaxed))
}

struct OverSqlite {
    path: PathBuf,
    made: AtomicU64,
}

impl OverSqlite {
    fn new(path: PathBuf) -> anyhow::Result<Self> {
        let connection = SqliteConnection::open(&path)?;
        migrate::migrate(&connection).map_err(|why| anyhow::anyhow!("{why:?}"))?;
        Ok(Self { path, made: AtomicU64::new(0) })
    }
}

#[async_trait]
impl Stores for OverSqlite {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        let name = fresh_name(&self.made, "sqlite");
        let open = |_| SqliteConnection::open(&self.path).expect("the file opens");
        let connections: Vec<SqliteConnection> = (0..CONNECTIONS).map(open).collect();
        assert!(tenants::create(&connections[0], &name, AT).expect("the tenant is made"));
        Ok(Arc::new(SqlTenant::new(connections, &name)))
    }
}

struct OverPostgres {
    url: String,
    made: AtomicU64,
    case: String,
}

impl OverPostgres {
    async fn new(url: String) -> anyhow::Result<Self> {
        let connection = PostgresConnection::open(&url).await?;
        let migrated = spawn_blocking(move || migrate::migrate(&connection)).await?;
        migrated.map_err(|why| anyhow::anyhow!("{why:?}"))?;
        let case = format!("{:016x}", Dice::any_seed());
        Ok(Self { url, made: AtomicU64::new(0), case })
    }
}

#[async_trait]
impl Stores for OverPostgres {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        let name = fresh_name(&self.made, &self.case);
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(PostgresConnection::open(&self.url).await.expect("it connects"));
        }
        let made = spawn_blocking(move || {
            let made = tenants::create(&connections[0], &name, AT).expect("the tenant is made");
            assert!(made);
            (connections, name)
        });
        let (connections, name) = made.await.expect("it is made");
        Ok(Arc::new(SqlTenant::new(connections, &name)))
    }
}

fn trial<R: Future<Output = Checked>>(
    name: String,
    make: Make,
    run: impl FnOnce(Arc<dyn Database>) -> R + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let directory = TempDir::new()?;
        super::runtime()?.block_on(run(make(&directory)))?;
        Ok(())
    })
}

/// The cases for stores share a database, for they have tenants of their own; a case for databases
/// has its own.
fn over_postgres<R: Future<Output = Checked>>(
    case: &str,
    url: fn(&postgres::Cluster) -> anyhow::Result<String>,
    run: impl FnOnce(Arc<dyn Database>) -> R + Send + 'static,
) -> Trial {
    Trial::ignorable_test(format!("contract::postgres::{case}"), move || {
        needs::with(postgres::shared(), |cluster| {
            let url = url(cluster)?;
            super::runtime()?.block_on(async {
                let database = Postgres::open(&url, true).await?;
                Ok(run(Arc::new(database)).await?)
            })
        })
    })
}

/// Each fresh store is a tenant of one database.
struct Tenants {
    database: Arc<dyn Database>,
    made: AtomicU64,
    /// Sets those of one case apart.
    case: String,
}

impl Tenants {
    fn of(database: Arc<dyn Database>) -> Self {
        Self { database, made: AtomicU64::new(0), case: format!("{:016x}", Dice::any_seed()) }
    }
}

#[async_trait]
impl Stores for Tenants {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        Ok(self.tenant().await)
    }
}

#[async_trait]
impl scimlet_contract::Tenants for Tenants {
    async fn fresh(&self) -> Checked<Arc<dyn TenantStorage>> {
        Ok(self.tenant().await)
    }
}

impl Tenants {
    async fn tenant(&self) -> Arc<dyn TenantStorage> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("tenant-{}-{number}", self.case);
        self.database.create_tenant(&name, AT).await.expect("the tenant is made");
        self.database.open(&name).await.expect("it opens").expect("it is there")
    }
}
