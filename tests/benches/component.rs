//! Compares fresh component instances, instances that are reused for their tenant, and core that is
//! compiled natively. All answer the same requests in one process, each side over a SQLite file of
//! its own, behind the same router over HTTP and without HTTP. The sides take turns, so that a
//! ratio holds when the machine's speed drifts. `cargo bench -p scimlet-tests --bench component --
//! --rounds 7 --milliseconds 1500 --connections 8`

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use scimlet::clock::SystemClock;
use scimlet::plugin::PoolOptions;
use scimlet::plugin::random::OsRandom;
use scimlet::store::sqlite::Sqlite;
use scimlet::{Plugin, PluginOptions, Provider};
use scimlet_bench::Operation;
use scimlet_tests::bench_support::{
    Bars, COMPARED, Direct, Series, Site, Spread, Turn, option, run, save,
};
use scimlet_tests::native::Native;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The shares of native core that a fresh and a kept instance should reach over HTTP.
fn wanted(operation: Operation) -> (f64, f64) {
    match operation {
        Operation::Get | Operation::LookUp => (0.35, 0.75),
        _ => (0.5, 0.8),
    }
}

/// The providers, in their order.
const SIDES: [&str; 3] = ["fresh", "reused", "native"];

fn main() -> anyhow::Result<()> {
    run(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let run = Run {
        rounds: option("rounds", 7)?,
        turn: Duration::from_millis(option("milliseconds", 1500)?),
        connections: option("connections", 8)?,
    };
    let fresh = Arc::new(Plugin::new(PluginOptions::default())?);
    let started = Instant::now();
    let options = PluginOptions::default().with_pool(PoolOptions::default());
    let reused = Arc::new(Plugin::new(options)?);
    println!("a second start takes {:?}", started.elapsed());
    let native = Arc::new(Native { clock: Arc::new(SystemClock), random: Arc::new(OsRandom) });
    let mut sides = Vec::new();
    for provider in [fresh.clone() as Arc<dyn Provider>, reused, native] {
        sides.push(Side::new(provider, &fresh).await?);
    }
    run.table(&sides, Way::Http).await?;
    run.table(&sides, Way::Direct).await?;
    let alone = alone(&fresh, run.turn).await?;
    println!(
        "an instance that is made, asked nothing of the store, and thrown away: {alone:.0} µs"
    );
    Ok(())
}

/// How requests reach a side.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Http,
    Direct,
}

/// How the sides take turns.
#[derive(Debug)]
struct Run {
    rounds: u64,
    turn: Duration,
    connections: u32,
}

/// The figures of one operation: the median of each side's requests a second, and the ratios of
/// fresh and of reused instances to native core in one round.
struct Compared {
    rates: [f64; 3],
    ratios: [Spread; 2],
}

impl Run {
    /// Prints the figures of all operations, and saves them.
    async fn table(&self, sides: &[Side], way: Way) -> anyhow::Result<()> {
        let (name, words) = match way {
            Way::Http => ("component", "over HTTP"),
            Way::Direct => ("component-direct", "without HTTP"),
        };
        println!("{self:?}, {words}, SQLite on disk, every write durable");
        println!(
            "requests/s       fresh    reused    native  fresh / native        reused / native"
        );
        let mut figures = Map::new();
        let mut series = SIDES.map(|name| Series { name: name.to_owned(), values: Vec::new() });
        for operation in COMPARED {
            let Compared { rates, ratios } = self.compare(sides, way, operation).await?;
            let [of_fresh, of_reused] = ratios;
            print!("{:<12}", operation.name());
            rates.iter().for_each(|rate| print!("{rate:>10.0}"));
            print!("  {of_fresh:<22}{of_reused:<22}");
            match (way, wanted(operation)) {
                (Way::Http, (fresh, reused)) => println!("(wanted: {fresh}, {reused})"),
                (Way::Direct, _) => println!(),
            }
            for (series, rate) in series.iter_mut().zip(rates) {
                series.values.push(rate);
            }
            let figure = json!({
                "perSecond": {"fresh": rates[0], "reused": rates[1], "native": rates[2]},
                "freshOfNative": of_fresh.json(), "reusedOfNative": of_reused.json(),
            });
            figures.insert(operation.name().to_owned(), figure);
        }
        let plot = Bars {
            title: format!("Requests a second {words}, SQLite on disk"),
            groups: COMPARED.map(|of| of.name().to_owned()).to_vec(),
            series: series.to_vec(),
        };
        save(name, &Value::Object(figures), &plot)
    }

    async fn compare(
        &self,
        sides: &[Side],
        way: Way,
        operation: Operation,
    ) -> anyhow::Result<Compared> {
        let mut rates = SIDES.map(|_| Vec::new());
        for round in 0..self.rounds {
            for (side, rates) in sides.iter().zip(&mut rates) {
                rates.push(side.rate(way, operation, self, round).await?);
            }
        }
        let of_native = |side: usize| {
            let pairs = rates[side].iter().zip(&rates[2]);
            Spread::of(pairs.map(|(ours, native)| ours / native).collect()).context("no rounds")
        };
        let ratios = [of_native(0)?, of_native(1)?];
        let rates = rates.map(|rates| Spread::of(rates).map_or(0.0, |spread| spread.median));
        Ok(Compared { rates, ratios })
    }
}

/// Returns the microseconds of a call that does nothing, which are those of an instance alone.
async fn alone(plugin: &Plugin, turn: Duration) -> anyhow::Result<f64> {
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < turn {
        plugin.tenant_of(&[]).await.context("tenant_of")?;
        count += 1;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

/// One side: its service behind the router over HTTP, and its provider called without HTTP.
struct Side {
    _folders: [TempDir; 2],
    site: Site,
    direct: Arc<Direct>,
}

/// The users of a tenant that is asked without HTTP.
const PEOPLE: u32 = 100;

impl Side {
    async fn new(provider: Arc<dyn Provider>, plugin: &Plugin) -> anyhow::Result<Self> {
        let folders = [TempDir::new()?, TempDir::new()?];
        let database = |at: usize| Sqlite::open(folders[at].path().join("bench.db"));
        let site = Site::serve(Arc::clone(&provider), plugin, Arc::new(database(0)?)).await?;
        let direct = Direct::new(provider, &database(1)?, PEOPLE).await?;
        Ok(Self { _folders: folders, site, direct: Arc::new(direct) })
    }

    /// Returns the right answers a second.
    async fn rate(
        &self,
        way: Way,
        operation: Operation,
        run: &Run,
        seed: u64,
    ) -> anyhow::Result<f64> {
        if way == Way::Direct {
            let rate = self.direct.rate(operation, run.connections, run.turn);
            return rate.await;
        }
        let turn = Turn { connections: run.connections, time: run.turn, seed, ..Turn::default() };
        let report = self.site.ask(operation.name(), &turn).await?;
        Ok(report.throughput())
    }
}
