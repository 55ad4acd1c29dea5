//! The process whose instructions are counted.

use std::sync::Arc;
use std::time::Duration;

use scimlet::clock::SystemClock;
use scimlet::plugin::random::OsRandom;
use scimlet::plugin::{Limits, PoolOptions};
use scimlet::store::sqlite::Sqlite;
use scimlet::{Plugin, PluginOptions, Provider};
use scimlet_bench::Operation;
use scimlet_tests::bench_support::{COMPARED, Direct};
use scimlet_tests::native::Native;
use tempfile::TempDir;

/// Valgrind is slow, and one request at a time needs one instance.
fn limits() -> Limits {
    let patience = Duration::from_secs(3600);
    let mut limits = Limits::default();
    limits.concurrency = 2;
    (limits.compute, limits.request) = (patience, patience);
    limits
}

/// Answers so many requests of one kind, when some more than so many people are there.
pub fn run(side: &str, operation: &str, requests: u32, people: u32) -> anyhow::Result<()> {
    let named = COMPARED.into_iter().find(|of| of.name() == operation);
    let Some(operation) = named else {
        anyhow::bail!("no operation is called {operation}");
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(answer(side, operation, requests, people))
}

async fn answer(
    side: &str,
    operation: Operation,
    requests: u32,
    people: u32,
) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let database = Sqlite::open(folder.path().join("bench.db"))?;
    let direct = Direct::new(provider(side)?, &database, people).await?;
    let mut asker = Arc::new(direct).asker(0);
    for _ in 0..requests {
        asker.ask(operation).await?;
    }
    Ok(())
}

fn provider(side: &str) -> anyhow::Result<Arc<dyn Provider>> {
    let options = PluginOptions::default().with_limits(limits());
    let component = |reuse: Option<PoolOptions>| Plugin::new(options.clone().with_pool(reuse));
    Ok(match side {
        "fresh" => Arc::new(component(None)?),
        "reused" => Arc::new(component(Some(PoolOptions::default()))?),
        "native" => Arc::new(Native { clock: Arc::new(SystemClock), random: Arc::new(OsRandom) }),
        other => anyhow::bail!("no side is called {other}"),
    })
}
