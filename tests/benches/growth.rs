//! Measures how the time of a request grows as a tenant grows from a thousand users to a hundred
//! thousand, or to a million: over HTTP, and the part of it that the store takes. Each size has a
//! database of its own, and the sizes take turns, so that a ratio holds when the machine's speed
//! drifts. `cargo bench -p scimlet-tests --bench growth -- --most 1000000 --rounds 7 --milliseconds
//! 1000`

#[path = "growth/backend.rs"]
mod backend;

use std::time::Duration;

use anyhow::{Context, ensure};
use scimlet_tests::bench_support::{Bars, Series, Spread, Turn, measure, option, run, save};
use serde_json::{Map, Value, json};

use self::backend::{Backend, Place};

/// The operations, each with the greatest ratio that is wanted of its time at the greatest size to
/// its time at the least.
const OPERATIONS: [(&str, f64); 7] = [
    ("get", 1.5),
    ("eq", 1.5),
    ("email", 1.5),
    ("page", 1.5),
    ("patch", 1.5),
    // In a group that half of all users are in: out and in again.
    ("member-remove", 1.5),
    ("create", 2.0),
];

/// The least size.
const LEAST: usize = 1_000;

fn main() -> anyhow::Result<()> {
    run(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let run = Run {
        rounds: option("rounds", 5)?,
        turn: Duration::from_millis(option("milliseconds", 500)?),
        connections: option("connections", 1)?,
        most: option("most", 100_000)?,
    };
    ensure!(run.most > LEAST, "--most is more than {LEAST}");
    let only: String = option("store", "all".to_owned())?;
    let mut figures = Map::new();
    let mut series = Vec::new();
    for mut backend in Backend::all(option("shared-buffers", 16)?) {
        if only != "all" && only != backend.name() {
            continue;
        }
        println!("{run:?}, {}", backend.says());
        let (found, ratios) = run.of(&mut backend).await?;
        figures.insert(backend.name().to_owned(), found);
        series.extend(ratios);
    }
    ensure!(!figures.is_empty(), "--store is sqlite, postgres or all");
    let plot = Bars {
        title: format!("Cost at {} users by cost at {LEAST}", run.most),
        groups: OPERATIONS.map(|(name, _)| name.to_owned()).to_vec(),
        series,
    };
    save("growth", &Value::Object(figures), &plot)
}

/// How the sizes take turns.
#[derive(Debug)]
struct Run {
    rounds: u64,
    turn: Duration,
    connections: u32,
    most: usize,
}

/// The time of one operation at one size, one value for each round, in microseconds: over HTTP, and
/// the part of it that the store takes.
#[derive(Default)]
struct Costs {
    http: Vec<f64>,
    store: Vec<f64>,
}

impl Run {
    fn sizes(&self) -> Vec<usize> {
        let tens = std::iter::successors(Some(LEAST), |size| Some(size * 10));
        let mut sizes: Vec<usize> = tens.take_while(|size| *size < self.most).collect();
        sizes.push(self.most);
        sizes
    }

    /// All figures of a store, and the ratios as series.
    async fn of(&self, backend: &mut Backend) -> anyhow::Result<(Value, [Series; 2])> {
        let mut places = Vec::new();
        for size in self.sizes() {
            places.push(backend.place(size, self.connections).await?);
        }
        print!("{:<14}", "µs, in store");
        places.iter().for_each(|place| print!("{:>16}", place.size));
        println!("  greatest / least      in the store");
        let mut figures = Map::new();
        let mut series = ["HTTP", "store"]
            .map(|what| Series { name: format!("{}, {what}", backend.name()), values: Vec::new() });
        for (operation, wanted) in OPERATIONS {
            let costs = self.compare(&places, operation).await?;
            let [http, store] = ratios(&costs)?;
            print!("{operation:<14}");
            for costs in &costs {
                print!("{:>9.0}{:>7.0}", median(&costs.http), median(&costs.store));
            }
            println!("  {http:<22}{store:<22}(wanted: {wanted})");
            series[0].values.push(http.median);
            series[1].values.push(store.median);
            let sizes = places.iter().zip(&costs).map(|(place, costs)| {
                let figure = json!({"http": median(&costs.http), "store": median(&costs.store)});
                (place.size.to_string(), figure)
            });
            let figure = json!({"microseconds": Value::Object(sizes.collect()),
                "ratio": http.json(), "ratioInStore": store.json(), "wanted": wanted});
            figures.insert(operation.to_owned(), figure);
        }
        Ok((Value::Object(figures), series))
    }

    /// The costs at each place.
    async fn compare(&self, places: &[Place], operation: &str) -> anyhow::Result<Vec<Costs>> {
        let mut costs: Vec<Costs> = places.iter().map(|_| Costs::default()).collect();
        // The first one warms up.
        for round in 0..=self.rounds {
            for (place, costs) in places.iter().zip(&mut costs) {
                let (http, store) = self.cost(place, operation, round).await?;
                if round > 0 {
                    costs.http.push(http);
                    costs.store.push(store);
                }
            }
        }
        Ok(costs)
    }

    async fn cost(&self, place: &Place, mix: &str, seed: u64) -> anyhow::Result<(f64, f64)> {
        let turn = Turn { connections: self.connections, time: self.turn, seed, ..Turn::default() };
        let run = place.site.prepare(mix, &turn).await?;
        place.meter.take();
        let report = measure(&run).await?;
        let store = place.meter.take().as_secs_f64();
        run.remove().await;
        let total = report.total();
        let store = store / total.count().max(1) as f64;
        Ok((total.mean().as_secs_f64() * 1e6, store * 1e6))
    }
}

fn median(values: &[f64]) -> f64 {
    Spread::of(values.to_vec()).map_or(0.0, |spread| spread.median)
}

/// Returns the ratios of the greatest size to the least in each round, over HTTP and in the store.
fn ratios(costs: &[Costs]) -> anyhow::Result<[Spread; 2]> {
    let (Some(least), Some(most)) = (costs.first(), costs.last()) else {
        anyhow::bail!("no sizes");
    };
    let ratio = |most: &[f64], least: &[f64]| {
        let pairs = most.iter().zip(least).map(|(most, least)| most / least);
        Spread::of(pairs.collect()).context("no rounds")
    };
    Ok([ratio(&most.http, &least.http)?, ratio(&most.store, &least.store)?])
}
