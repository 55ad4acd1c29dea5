//! Compares one, two and four `scimlet serve` over one PostgreSQL, with the same number of
//! connections in all. The load generator, the hosts and the database share the cores of one
//! machine, so the figures show what hosts cost each other; they show a gain only where there are
//! more cores than one host uses. `cargo bench -p scimlet-tests --bench hosts -- --rounds 5
//! --milliseconds 1000 --connections 8`

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scimlet_tests::bench_support::{Bars, Series, Site, Spread, Turn, measure, option, run, save};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::server::Server;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// How many hosts are compared.
const HOSTS: [usize; 3] = [1, 2, 4];

const MIXES: [&str; 7] = ["okta", "entra", "get", "eq", "patch", "create", "member-add"];

fn main() -> anyhow::Result<()> {
    run(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let rounds = option("rounds", 5)?;
    let turn = Turn {
        time: Duration::from_millis(option("milliseconds", 1000)?),
        connections: option("connections", 8)?,
        users: 40,
        ..Turn::default()
    };
    let cluster = Cluster::durable(option("shared-buffers", 128)?)?;
    let hosts = Hosts::start(&cluster)?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    println!("{rounds} rounds of {turn:?}; load generator, hosts and PostgreSQL on {cores} cores");
    println!("requests/s       1 host   2 hosts   4 hosts  2 / 1                 4 / 1");
    let mut figures = Map::new();
    let mut series =
        HOSTS.map(|count| Series { name: format!("{count} hosts"), values: Vec::new() });
    for mix in MIXES {
        let rates = hosts.compare(mix, turn, rounds).await?;
        let ratios = [ratio(&rates, 1)?, ratio(&rates, 2)?];
        print!("{mix:<13}");
        let mut per_second = Map::new();
        for ((count, rates), series) in HOSTS.iter().zip(rates).zip(&mut series) {
            let spread = Spread::of(rates).context("no rounds")?;
            print!("{:>10.0}", spread.median);
            per_second.insert(count.to_string(), spread.json());
            series.values.push(spread.median);
        }
        println!("  {:<22}{}", ratios[0], ratios[1]);
        let figure = json!({
            "perSecond": per_second,
            "twoByOne": ratios[0].json(), "fourByOne": ratios[1].json(),
        });
        figures.insert(mix.to_owned(), figure);
    }
    let plot = Bars {
        title: format!("Requests a second, PostgreSQL, all on {cores} cores"),
        groups: MIXES.map(ToOwned::to_owned).to_vec(),
        series: series.to_vec(),
    };
    save("hosts", &Value::Object(figures), &plot)
}

/// Returns the throughput of the hosts at index `of`, divided by that of one host in the same
/// round.
fn ratio(rates: &[Vec<f64>; 3], of: usize) -> anyhow::Result<Spread> {
    let pairs = rates[of].iter().zip(&rates[0]);
    Spread::of(pairs.map(|(many, one)| many / one).collect()).context("no rounds")
}

/// Running hosts over one database, as many as the largest comparison needs.
struct Hosts {
    _running: Vec<(TempDir, Server)>,
    sites: Vec<Arc<Site>>,
}

impl Hosts {
    fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        let database = cluster.database()?;
        let mut hosts = Self { _running: Vec::new(), sites: Vec::new() };
        for _ in 0..HOSTS.into_iter().max().unwrap_or(1) {
            let folder = TempDir::new()?;
            let server = Server::over(folder.path(), &database)?;
            hosts.sites.push(Arc::new(Site::at(&server, "demo")?));
            hosts._running.push((folder, server));
        }
        Ok(hosts)
    }

    /// Right answers a second, by number of hosts and round.
    async fn compare(&self, mix: &str, turn: Turn, rounds: u64) -> anyhow::Result<[Vec<f64>; 3]> {
        let mut rates = HOSTS.map(|_| Vec::new());
        for seed in 0..rounds {
            for (count, rates) in HOSTS.into_iter().zip(&mut rates) {
                let turn = Turn { seed, ..turn };
                rates.push(rate(&self.sites[..count], mix, turn).await?);
            }
        }
        Ok(rates)
    }
}

/// All hosts are asked at once, by an equal share of the connections.
async fn rate(sites: &[Arc<Site>], mix: &str, turn: Turn) -> anyhow::Result<f64> {
    let mut runs = Vec::new();
    for site in sites {
        let connections = (turn.connections / sites.len() as u32).max(1);
        runs.push(site.prepare(mix, &Turn { connections, ..turn }).await?);
    }
    let mut measuring = JoinSet::new();
    for run in runs {
        measuring.spawn(async move { (measure(&run).await, run) });
    }
    let mut rate = 0.0;
    for (report, run) in measuring.join_all().await {
        rate += report?.throughput();
        run.remove().await;
    }
    Ok(rate)
}
