//! `kill -9` at a random moment under writes, again and again on one file: what was acknowledged is there, what was not is
//! there wholly or not at all, and the events tell the same.
//!
//! `SCIMLET_ROUNDS` says how often (10 times unless it does). A failure names the `SCIMLET_SEED` of its choices; the
//! moments within them are the machine's.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use scimlet_tests::client::together;
use scimlet_tests::dice::Dice;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
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
    let rounds = number("SCIMLET_ROUNDS")?.unwrap_or(10);
    let seed = number("SCIMLET_SEED")?.unwrap_or_else(Dice::any_seed);
    let mut dice = Dice::seeded(seed);
    let (folder, mut server) = server::fresh()?;
    let secret = server.endpoint(TENANT)?.secret;
    let mut ledger = Ledger::new();
    for round in 1..=rounds {
        let next = one(
            folder.path(),
            server,
            &secret,
            round,
            &mut dice,
            &mut ledger,
        )
        .await;
        server = next.with_context(|| format!("round {round} with SCIMLET_SEED={seed}"))?;
    }
    Ok(())
}

/// A number from the environment.
fn number(name: &str) -> anyhow::Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(
            text.parse().with_context(|| format!("{name}={text}"))?,
        )),
        Err(_) => Ok(None),
    }
}

/// Lets writers loose on the server and kills it; returns the next server on the file, all of whose answers were right.
async fn one(
    folder: &Path,
    server: Server,
    secret: &str,
    round: u64,
    dice: &mut Dice,
    ledger: &mut Ledger,
) -> anyhow::Result<Server> {
    let http = Http::new(server.base(TENANT), secret)?;
    let (count, acknowledged) = mpsc::unbounded_channel();
    let writers = (1..=WRITERS).map(|writer| {
        let prefix = format!("round{round}-writer{writer}-");
        Writer::new(prefix, dice.split()).run(http.clone(), count.clone())
    });
    let mut writers: JoinSet<_> = writers.collect();
    drop(count);
    let enough = wait(acknowledged, 1 + dice.below(REQUESTS)).await;
    sleep(Duration::from_micros(dice.below(MICROSECONDS))).await;
    if let Some(ended) = writers.try_join_next() {
        ended??;
        bail!("a request failed before the kill");
    }
    enough?;
    server.kill();
    let writers = writers.join_all().await;
    let server = Server::start(folder)?;
    let http = Http::new(server.base(TENANT), secret)?;
    let checks = writers.into_iter().map(|writer| {
        let http = http.clone();
        async move { writer?.verify(&http).await }
    });
    together(checks).await?;
    ledger
        .verify(&*outbox::store(folder, TENANT).await?)
        .await?;
    Ok(server)
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
    ensure!(
        enough.context("the server is stuck")?,
        "all writers gave up"
    );
    Ok(())
}
