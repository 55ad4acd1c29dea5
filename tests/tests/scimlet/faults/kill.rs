//! `kill -9` at a random moment under writes, again and again on one file: what was acknowledged is
//! there, what was not is there wholly or not at all, and the events tell the same.
//!
//! `SCIMLET_ROUNDS` says how often (10 times unless it does). A failure names the `SCIMLET_SEED` of
//! its choices; the moments within them are the machine's.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use scimlet_tests::client::together;
use scimlet_tests::dice::Dice;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::{self, Server};
use scimlet_tests::{outbox, rounds};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ledger::Ledger;
use super::writer::Writer;

/// Clients that write at once.
const WRITERS: u64 = 8;
/// Acknowledged requests before a kill, less one at the most.
const REQUESTS: u64 = 150;
/// From the last of them to the kill, in microseconds, less one at the most.
const MICROSECONDS: u64 = 3000;

pub async fn rounds() -> anyhow::Result<()> {
    let rounds = rounds::rounds(10)?;
    let seed = rounds::number("SCIMLET_SEED")?.unwrap_or_else(Dice::any_seed);
    let (folder, mut server) = server::fresh()?;
    let mut file = File {
        folder: folder.path(),
        secret: server.endpoint(TENANT)?.secret,
        ledger: Ledger::new(),
        dice: Dice::seeded(seed),
    };
    for round in 1..=rounds {
        let next = file.survives(server, round).await;
        server = next.with_context(|| format!("round {round} with SCIMLET_SEED={seed}"))?;
    }
    Ok(())
}

/// The file that all rounds work on, and what is known of it.
struct File<'a> {
    folder: &'a Path,
    secret: String,
    ledger: Ledger,
    dice: Dice,
}

impl File<'_> {
    /// Runs writers against the server and kills it; returns the next server, all of whose answers
    /// were right.
    async fn survives(&mut self, server: Server, round: u64) -> anyhow::Result<Server> {
        let writers = self.write(server, round).await?;
        let server = Server::start(self.folder)?;
        let http = Http::new(server.base(TENANT), &self.secret)?;
        let checks = writers.into_iter().map(|writer| {
            let http = http.clone();
            async move { writer?.verify(&http).await }
        });
        together(checks).await?;
        let store = outbox::store(self.folder, TENANT).await?;
        self.ledger.verify(&*store).await?;
        Ok(server)
    }

    /// Runs the writers, kills the server under them, and returns the writers, each with the state
    /// that it knows.
    async fn write(
        &mut self,
        server: Server,
        round: u64,
    ) -> anyhow::Result<Vec<anyhow::Result<Writer>>> {
        let http = Http::new(server.base(TENANT), &self.secret)?;
        let (count, acknowledged) = mpsc::unbounded_channel();
        let writers = (1..=WRITERS).map(|writer| {
            let prefix = format!("round{round}-writer{writer}-");
            Writer::new(prefix, self.dice.split()).run(http.clone(), count.clone())
        });
        let mut writers: JoinSet<_> = writers.collect();
        drop(count);
        let enough = wait(acknowledged, 1 + self.dice.below(REQUESTS)).await;
        sleep(Duration::from_micros(self.dice.below(MICROSECONDS))).await;
        if let Some(ended) = writers.try_join_next() {
            ended??;
            bail!("a request failed before the kill");
        }
        enough?;
        server.kill();
        Ok(writers.join_all().await)
    }
}

/// Waits for so many acknowledgements. All writers have to be at it until then.
async fn wait(mut acknowledged: UnboundedReceiver<()>, requests: u64) -> anyhow::Result<()> {
    let enough = async {
        let mut seen = 0;
        while seen < requests && acknowledged.recv().await.is_some() {
            seen += 1;
        }
        seen == requests
    };
    let enough = timeout(Duration::from_secs(60), enough).await;
    ensure!(enough.context("the server is stuck")?, "all writers gave up");
    Ok(())
}
