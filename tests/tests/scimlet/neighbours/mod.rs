//! Isolation of tenants: every attack by one tenant's clients runs while a neighbour reads,
//! searches and changes.

mod attack;
mod costly;
mod latency;
mod usage;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::rounds::rounds;
use scimlet_tests::server::{self, Server};
use tempfile::TempDir;

use scimlet_tests::exchange::TENANT;

use self::attack::Attack;
use self::latency::Latencies;
use crate::{runtime, trial};

/// How often the neighbour asks in the test command; `SCIMLET_ROUNDS` says otherwise.
const ROUNDS: u64 = 40;
/// Bytes that a server has resident at the most, whatever a tenant's clients do; more where it is
/// compiled without optimisation, and slower to let go of requests.
const MEMORY: u64 = if cfg!(debug_assertions) { 400 << 20 } else { 300 << 20 };
/// Ten seconds for what has begun, one for the last entry of the audit, and some for a slow
/// machine.
const STOPS: Duration = Duration::from_secs(15);

/// One trial for each attack and store.
pub fn trials() -> Vec<Trial> {
    let sqlite = Attack::ALL.map(|attack| {
        let name = format!("neighbours::sqlite_{}", attack.name());
        trial(name, move || async move {
            let (folder, server) = server::fresh()?;
            beside(attack, folder.path(), &server, || Ok(())).await
        })
    });
    let postgres = Attack::ALL.map(|attack| {
        let name = format!("neighbours::postgres_{}", attack.name());
        Trial::ignorable_test(name, move || {
            needs::with(postgres::shared(), |cluster| {
                runtime()?.block_on(on_postgres(attack, cluster))
            })
        })
    });
    let mut trials: Vec<Trial> = sqlite.into_iter().chain(postgres).collect();
    trials.push(Trial::ignorable_test("neighbours::postgres_locked_row", || {
        needs::with(postgres::shared(), |cluster| runtime()?.block_on(locked_row(cluster)))
    }));
    trials.push(trial("neighbours::sqlite_stops_in_time", || async {
        let (_folder, server) = server::fresh()?;
        stops_in_time(server).await
    }));
    trials.push(Trial::ignorable_test("neighbours::postgres_stops_in_time", || {
        needs::with(postgres::shared(), |cluster| {
            let (folder, url) = (TempDir::new()?, cluster.database()?);
            let server = Server::over(folder.path(), &url)?;
            runtime()?.block_on(stops_in_time(server))
        })
    }));
    trials.extend(costly::trials());
    trials
}

async fn on_postgres(attack: Attack, cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    beside(attack, folder.path(), &server, || Ok(())).await
}

/// Another program holds the attacker's row of the table of tenants, which every commit needs.
async fn locked_row(cluster: &'static Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    let name = url.rsplit('/').next().and_then(|name| name.split('?').next());
    let database = name.unwrap_or_default().to_owned();
    let lock = format!("BEGIN; SELECT 1 FROM scimlet_tenant WHERE name = '{TENANT}' FOR UPDATE");
    let hold = || cluster.hold(&database, &lock);
    beside(Attack::LockedRow, folder.path(), &server, hold).await
}

/// The neighbour is answered, and soon, beside the attack and `meanwhile`, which begins with it.
async fn beside<T>(
    attack: Attack,
    folder: &Path,
    server: &Server,
    meanwhile: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<()> {
    server::command_on(folder, server, &["tenant", "create", "neighbour"])?;
    let (attacker, neighbour) = (server.endpoint(TENANT)?, server.endpoint("neighbour")?);
    let ids = attack.prepare(&attacker).await?;
    let times = rounds(ROUNDS)?;
    let quiet = Latencies::of(&neighbour, "quiet", times).await?;
    let held = meanwhile()?;
    let clients = attack.begin(&attacker, &ids)?;
    let busy = Latencies::of(&neighbour, "busy", times).await;
    let failed = clients.failed();
    drop((clients, held));
    busy.with_context(|| reasons(folder))?.print(attack.name(), quiet);
    ensure!(failed == 0, "{failed} answers say that the server failed");
    let memory = usage::memory(server)?;
    println!("{}: {} MiB resident at the most", attack.name(), memory >> 20);
    ensure!(memory < MEMORY, "{} MiB resident", memory >> 20);
    usage::becomes_idle(server).await
}

/// Returns the lines of the server's log about the neighbour's requests that failed.
fn reasons(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let failed = |line: &&str| line.contains("/neighbour/") && line.contains("ERROR");
    log.lines().filter(failed).collect::<Vec<_>>().join("\n")
}

/// However many search, a server that is told to stop does so in the time that it says.
async fn stops_in_time(server: Server) -> anyhow::Result<()> {
    let attacker = server.endpoint(TENANT)?;
    let ids = Attack::Searches.prepare(&attacker).await?;
    let clients = Attack::Searches.begin(&attacker, &ids)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    tokio::task::spawn_blocking(move || server.stop()).await??;
    drop(clients);
    ensure!(begun.elapsed() < STOPS, "{:?}", begun.elapsed());
    Ok(())
}
