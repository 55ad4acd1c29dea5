//! Runs the contract suite over every store: the SQLite file, the maps in memory, and the maps with filters and orders
//! ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store};
use scimlet_tests::contract::{Stores, cases, database_cases, kit::AT};
use scimlet_tests::memory::Memory;
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
            trials.push(trial(
                format!("contract::{database}::{case}"),
                make,
                move |database| {
                    run(Arc::new(Tenants {
                        database,
                        made: AtomicU64::new(0),
                    }))
                },
            ));
        }
        for (case, run) in database_cases() {
            trials.push(trial(format!("contract::{database}::{case}"), make, run));
        }
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

/// Each fresh store is a tenant of one database.
struct Tenants {
    database: Arc<dyn Database>,
    made: AtomicU64,
}

#[async_trait]
impl Stores for Tenants {
    async fn fresh(&self) -> Arc<dyn Store> {
        let name = format!("tenant-{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.database
            .create_tenant(&name, AT)
            .await
            .expect("the tenant is made");
        self.database
            .open(&name)
            .await
            .expect("it opens")
            .expect("it is there")
    }
}
