//! What one tenant's clients do while another's ask: every attack runs while a neighbour reads, searches and changes.

mod attack;
mod latency;

use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::server::{self, Server};
use tempfile::TempDir;

use self::attack::Attack;
use crate::{runtime, trial};

/// One trial for each attack and store.
pub fn trials() -> Vec<Trial> {
    let sqlite = Attack::ALL.map(|attack| {
        let name = format!("neighbours::sqlite_{}", attack.name());
        trial(name, move || async move {
            let (folder, server) = server::fresh()?;
            attack.run(folder.path(), &server).await
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
    sqlite.into_iter().chain(postgres).collect()
}

async fn on_postgres(attack: Attack, cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    attack.run(folder.path(), &server).await
}
