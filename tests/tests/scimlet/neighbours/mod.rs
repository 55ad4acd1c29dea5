//! What one tenant's clients do while another's ask: every attack runs while a neighbour reads, searches and changes.

mod attack;
mod costly;
mod latency;
mod usage;

use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::server::{self, Server};
use tempfile::TempDir;

use scimlet_tests::exchange::TENANT;

use self::attack::Attack;
use crate::{runtime, trial};

/// One trial for each attack and store.
pub fn trials() -> Vec<Trial> {
    let sqlite = Attack::ALL.map(|attack| {
        let name = format!("neighbours::sqlite_{}", attack.name());
        trial(name, move || async move {
            let (folder, server) = server::fresh()?;
            attack.run(folder.path(), &server, || Ok(())).await
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
    trials.push(Trial::ignorable_test(
        "neighbours::postgres_locked_row",
        || {
            needs::with(postgres::shared(), |cluster| {
                runtime()?.block_on(locked_row(cluster))
            })
        },
    ));
    trials.extend(costly::trials());
    trials
}

async fn on_postgres(attack: Attack, cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    attack.run(folder.path(), &server, || Ok(())).await
}

/// Another program holds the attacker's row of the table of tenants, which every commit needs.
async fn locked_row(cluster: &'static Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    let name = url
        .rsplit('/')
        .next()
        .and_then(|name| name.split('?').next());
    let database = name.unwrap_or_default().to_owned();
    let lock = format!("BEGIN; SELECT 1 FROM tenant WHERE name = '{TENANT}' FOR UPDATE");
    let hold = || cluster.hold(&database, &lock);
    Attack::LockedRow.run(folder.path(), &server, hold).await
}
