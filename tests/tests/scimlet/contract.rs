//! Runs the contract suite over every store: the SQLite file, PostgreSQL, the maps in memory, and
//! the maps with filters and orders ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store, TenantStorage};
use scimlet_contract::{Stores, cases, database_cases, kit::AT, tenant_cases};
use scimlet_tests::dice::Dice;
use scimlet_tests::{needs, postgres};
use tempfile::TempDir;

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
    trials
}

fn trial<R: Future<Output = ()>>(
    name: String,
    make: Make,
    run: impl FnOnce(Arc<dyn Database>) -> R + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let directory = TempDir::new()?;
        super::runtime()?.block_on(run(make(&directory)));
        Ok(())
    })
}

/// The cases for stores share a database, for they have tenants of their own; a case for databases
/// has its own.
fn over_postgres<R: Future<Output = ()>>(
    case: &str,
    url: fn(&postgres::Cluster) -> anyhow::Result<String>,
    run: impl FnOnce(Arc<dyn Database>) -> R + Send + 'static,
) -> Trial {
    Trial::ignorable_test(format!("contract::postgres::{case}"), move || {
        needs::with(postgres::shared(), |cluster| {
            let url = url(cluster)?;
            super::runtime()?.block_on(async {
                let database = Postgres::open(&url, true).await?;
                run(Arc::new(database)).await;
                Ok(())
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
    async fn fresh(&self) -> Arc<dyn Store> {
        self.tenant().await
    }
}

#[async_trait]
impl scimlet_contract::Tenants for Tenants {
    async fn fresh(&self) -> Arc<dyn TenantStorage> {
        self.tenant().await
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
