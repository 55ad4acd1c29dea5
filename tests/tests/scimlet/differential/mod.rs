//! All stores do random things alike, and must say the same each time: the maps in memory, the
//! SQLite file, PostgreSQL, and a database of either kind that the host and an embedding use in
//! turn. `SCIMLET_OPERATIONS` says how many things, and a failure which seed repeats it.

mod choose;
mod compare;
mod shared;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, TenantStorage};
use scimlet_tests::dice::Dice;
use scimlet_tests::sql::{PostgresConnection, SqlTenant, SqliteConnection};
use scimlet_tests::{needs, postgres};
use tempfile::TempDir;

use self::choose::Chooser;
use self::compare::Stores;
use self::shared::Shared;

/// How many things are done in the test command.
const OPERATIONS: u64 = 2_000;

/// How many things are done to one tenant: a tenant's history only grows.
const EACH: u64 = 400;

pub fn trials() -> Vec<Trial> {
    let trial = Trial::ignorable_test("differential::all_stores_agree", || {
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
    let shared = folder.path().join("shared.db");
    let databases: [Arc<dyn Database>; 5] = [
        Arc::new(Memory::exact()),
        Arc::new(Sqlite::open(folder.path().join("scimlet.db"))?),
        Arc::new(Postgres::open(url, true).await?),
        Arc::new(Sqlite::open(&shared)?),
        Arc::new(Postgres::open(url, true).await?),
    ];
    let mut dice = Dice::seeded(seed);
    let run = format!("{:016x}", Dice::any_seed());
    for tenant in 0..operations.div_ceil(EACH) {
        let stores = fresh(&databases, (&shared, url), &format!("{run}-{tenant}")).await?;
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

/// Makes a tenant in each database; those that an embedding uses too are the last two, a SQLite
/// file and PostgreSQL.
async fn fresh(
    databases: &[Arc<dyn Database>; 5],
    (file, url): (&Path, &str),
    name: &str,
) -> anyhow::Result<Stores> {
    let mut stores: Vec<Arc<dyn TenantStorage>> = Vec::new();
    for (number, database) in databases.iter().enumerate() {
        // Two databases are one PostgreSQL.
        let name = if number == 4 { format!("{name}-shared") } else { name.to_owned() };
        database.create_tenant(&name, 0).await?;
        let host = database.open(&name).await?.context("it was made")?;
        stores.push(match number {
            3 => {
                let embedding = SqlTenant::new(vec![SqliteConnection::open(file)?], &name);
                Arc::new(Shared::new(host, embedding))
            }
            4 => {
                let connection = PostgresConnection::open(url).await?;
                Arc::new(Shared::new(host, SqlTenant::new(vec![connection], &name)))
            }
            _ => host,
        });
    }
    Ok(Stores::new(stores))
}
