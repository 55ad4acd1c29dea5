//! Compares scimlet with other SCIM servers: each in a process of its own, with the same requests
//! from one load generator over loopback. scimlet keeps everything in a SQLite file and
//! acknowledges only what is on disk; the others keep everything in memory, which is the fastest
//! that they can do. The servers take turns, so that a ratio holds when the machine's speed drifts.
//! The first run installs the others from npm and PyPI. `cargo bench -p scimlet-tests --bench peers
//! -- --rounds 5 --milliseconds 1000 --connections 8 --users 10000`

use std::time::Duration;

use anyhow::Context;
use scimlet_bench::Run;
use scimlet_tests::bench_support::{
    Bars, Peer, Series, Site, Spread, Turn, measure, option, run, save,
};
use scimlet_tests::server::Server;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The sides, in their order: two of scimlet, then the others.
const SIDES: [&str; 4] = ["fresh", "reused", "scimmy", "scim2-server"];

/// The operations, each with the ratios that are wanted of scimlet's throughput to that of the
/// others.
const OPERATIONS: [(&str, Wanted); 5] =
    [("get", READS), ("eq", READS), ("patch", WRITES), ("create", WRITES), ("member-add", WRITES)];

/// The ratios that are wanted to scimmy, then to scim2-server; in each pair that of a fresh
/// instance, then that of a reused one.
type Wanted = [[f64; 2]; 2];

const READS: Wanted = [[5.0, 10.0], [10.0, 30.0]];
const WRITES: Wanted = [[5.0, 5.0], [10.0, 10.0]];
/// The ratios for look-ups among many users: scimmy hands its handlers a filter to match against
/// all, scim2-server keeps an index for `eq`.
const MANY: Wanted = [[100.0, 100.0], [100.0, 100.0]];

fn main() -> anyhow::Result<()> {
    run(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let rounds = option("rounds", 5)?;
    let turn = Turn {
        time: Duration::from_millis(option("milliseconds", 1000)?),
        connections: option("connections", 8)?,
        ..Turn::default()
    };
    let many = Turn { users: option("users", 10_000)?, ..turn };
    let folders = [TempDir::new()?, TempDir::new()?];
    let fresh = Server::start(folders[0].path())?;
    let reused = Server::reusing(folders[1].path())?;
    let (_scimmy, scimmy) = Peer::scimmy()?;
    let (_scim2_server, scim2_server) = Peer::scim2_server()?;
    let sites = [Site::at(&fresh, "demo")?, Site::at(&reused, "demo")?, scimmy, scim2_server];
    println!("{rounds} rounds of {turn:?}");
    println!("requests/s             fresh    reused    scimmy   scim2-s.");
    let mut table = Table::default();
    for (operation, wanted) in OPERATIONS {
        let rates = compare(&sites, operation, turn, rounds).await?;
        table.row(operation, &rates, wanted)?;
    }
    let rates = compare_prepared(&sites, many, rounds).await?;
    table.row(&format!("eq of {}", many.users), &rates, MANY)?;
    table.save()
}

/// Requests a second, by side and round.
type Rates = [Vec<f64>; 4];

/// Each run makes its own users.
async fn compare(sites: &[Site; 4], mix: &str, turn: Turn, rounds: u64) -> anyhow::Result<Rates> {
    let mut rates = Rates::default();
    for seed in 0..rounds {
        for (site, rates) in sites.iter().zip(&mut rates) {
            let report = site.ask(mix, &Turn { seed, ..turn }).await;
            rates.push(report.with_context(|| site.url.clone())?.throughput());
        }
    }
    Ok(rates)
}

/// Look-ups among users who are made once: so many of them take some of the servers their time.
/// They stay.
async fn compare_prepared(sites: &[Site; 4], turn: Turn, rounds: u64) -> anyhow::Result<Rates> {
    let mut runs: Vec<Run> = Vec::new();
    for site in sites {
        runs.push(site.prepare("eq", &Turn { keep: true, ..turn }).await?);
    }
    let mut rates = Rates::default();
    for _ in 0..rounds {
        for (run, rates) in runs.iter().zip(&mut rates) {
            rates.push(measure(run).await?.throughput());
        }
    }
    Ok(rates)
}

/// The figures of the operations that have been measured.
#[derive(Default)]
struct Table {
    operations: Vec<String>,
    medians: [Vec<f64>; 4],
    figures: Map<String, Value>,
}

impl Table {
    /// Prints an operation's figures and keeps them.
    fn row(&mut self, name: &str, rates: &Rates, wanted: Wanted) -> anyhow::Result<()> {
        print!("{name:<16}");
        let mut per_second = Map::new();
        for ((side, rates), medians) in SIDES.iter().zip(rates).zip(&mut self.medians) {
            let spread = Spread::of(rates.clone()).context("no rounds")?;
            print!("{:>10.0}  ", spread.median);
            per_second.insert((*side).to_owned(), spread.json());
            medians.push(spread.median);
        }
        println!();
        let mut ratios = Map::new();
        for (theirs, wanted) in [2, 3].into_iter().zip(wanted) {
            for (ours, wanted) in [0, 1].into_iter().zip(wanted) {
                let pairs = rates[ours].iter().zip(&rates[theirs]);
                let ratio = Spread::of(pairs.map(|(ours, theirs)| ours / theirs).collect());
                let ratio = ratio.context("no rounds")?;
                let pair = format!("{} / {}", SIDES[ours], SIDES[theirs]);
                println!("  {pair:<24}{ratio:<28}(wanted: {wanted})");
                ratios.insert(pair, json!({"ratio": ratio.json(), "wanted": wanted}));
            }
        }
        let figure = json!({"perSecond": per_second, "ratios": ratios});
        self.figures.insert(name.to_owned(), figure);
        self.operations.push(name.to_owned());
        Ok(())
    }

    fn save(self) -> anyhow::Result<()> {
        let series = SIDES.into_iter().zip(self.medians);
        let series = series.map(|(name, values)| Series { name: name.to_owned(), values });
        let plot = Bars {
            title: "Requests a second over HTTP; scimlet durable, the others in memory".to_owned(),
            groups: self.operations,
            series: series.collect(),
        };
        save("peers", &Value::Object(self.figures), &plot)
    }
}
