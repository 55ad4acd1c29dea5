//! The three stores do the same random things, and must say the same each time: the maps in memory,
//! the SQLite file and PostgreSQL. `SCIMLET_OPERATIONS` says how many things, and a failure which
//! seed repeats it.

mod choose;
mod compare;

use std::sync::Arc;

use anyhow::Context;
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, TenantStorage};
use scimlet_tests::dice::Dice;
use scimlet_tests::{needs, postgres};
use tempfile::TempDir;

use self::choose::Chooser;
use self::compare::Stores;

/// How many things are done in the test command.
const OPERATIONS: u64 = 2_000;

/// How many things are done to one tenant: a tenant's history only grows.
const EACH: u64 = 400;

pub fn trials() -> Vec<Trial> {
    let trial = Trial::ignorable_test("differential::three_stores_agree", || {
        needs::with(postgres::shared(), |cluster| {
            super::runtime()?.block_on(agree(&cluster.common()?))
        })
    });
    vec![trial]
}

async fn agree(url: &str) -> anyhow::Result<()> {
    let operations = match std::env::var("SCIMLET_OPERATIONS") {
        Ok(number) => number.parse()?,
        Err(_) => OPERATIONS,
    };
    let seed = match std::env::var("SCIMLET_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => Dice::any_seed(),
    };
    let folder = TempDir::new()?;
    let databases: [Arc<dyn Database>; 3] = [
        Arc::new(Memory::exact()),
        Arc::new(Sqlite::open(folder.path().join("scimlet.db"))?),
        Arc::new(Postgres::open(url, true).await?),
    ];
    let mut dice = Dice::seeded(seed);
    let run = format!("{:016x}", Dice::any_seed());
    for tenant in 0..operations.div_ceil(EACH) {
        let stores = fresh(&databases, &format!("{run}-{tenant}")).await?;
        let mut chooser = Chooser::new(dice.split());
        for operation in 0..EACH.min(operations - tenant * EACH) {
            let done = stores.both(&mut chooser).await;
            done.with_context(|| {
                format!("operation {operation} on tenant {tenant} with SCIMLET_SEED={seed}")
            })?;
        }
    }
    Ok(())
}

async fn fresh(databases: &[Arc<dyn Database>; 3], name: &str) -> anyhow::Result<Stores> {
    let mut stores: Vec<Arc<dyn TenantStorage>> = Vec::new();
    for database in databases {
        database.create_tenant(name, 0).await?;
        stores.push(database.open(name).await?.context("it was made")?);
    }
    Ok(Stores::new(stores))
}
