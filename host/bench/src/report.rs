//! The results of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::worker::Seen;
use super::{Operation, Options};

/// Latencies and failures of one operation.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Latencies in microseconds.
    latency: Histogram<u64>,
    /// Numbers of failed requests by reason.
    failures: BTreeMap<String, u64>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            latency: Histogram::new(3).expect("three digits are allowed"),
            failures: BTreeMap::new(),
        }
    }
}

/// The quantiles that reports show.
const SHARES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

impl Figures {
    pub(super) fn record(&mut self, took: Duration, status: Result<u16, &String>) {
        let failure = match status {
            Ok(200..300) => None,
            Ok(status) => Some(format!("status {status}")),
            Err(why) => Some(why.clone()),
        };
        if let Some(failure) = failure {
            *self.failures.entry(failure).or_default() += 1;
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Recording cannot fail: the histogram resizes itself.
        let _ = self.latency.record(microseconds);
    }

    fn add(&mut self, other: &Self) {
        let _ = self.latency.add(&other.latency);
        for (failure, count) in &other.failures {
            *self.failures.entry(failure.clone()).or_default() += count;
        }
    }

    /// Returns the number of requests, including failed ones.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.latency.len()
    }

    /// Returns the number of failed requests.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Returns the mean latency.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.latency.mean() / 1e6)
    }

    /// Returns the latency that `share` of the requests did not exceed.
    #[must_use]
    pub fn latency(&self, share: f64) -> Duration {
        Duration::from_micros(self.latency.value_at_quantile(share))
    }

    fn json(&self, elapsed: Duration) -> Value {
        let latency =
            SHARES.map(|(name, share)| (name.to_owned(), self.milliseconds(share).into()));
        json!({
            "requests": self.count(),
            "failed": self.failed(),
            "failures": self.failures,
            "perSecond": self.per_second(elapsed),
            "latencyMilliseconds": Value::Object(latency.into_iter().collect()),
        })
    }

    fn per_second(&self, elapsed: Duration) -> f64 {
        self.count() as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
    }

    fn milliseconds(&self, share: f64) -> f64 {
        self.latency(share).as_secs_f64() * 1000.0
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, name: &str, elapsed: Duration) -> fmt::Result {
        let (count, failed) = (self.count(), self.failed());
        write!(f, "{name:<14}{count:>9}{failed:>8}{:>10.0}", self.per_second(elapsed))?;
        for (_, share) in SHARES {
            write!(f, "{:>10.2}", self.milliseconds(share))?;
        }
        writeln!(f)
    }
}

/// The results of a whole run.
#[derive(Clone, Debug)]
pub struct Report {
    mix: String,
    connections: u32,
    rate: Option<f64>,
    seed: u64,
    elapsed: Duration,
    operations: BTreeMap<Operation, Figures>,
}

impl Report {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            mix: options.mix.name.clone(),
            connections: options.connections,
            rate: options.rate,
            seed: options.seed,
            elapsed: Duration::ZERO,
            operations: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, seen: Seen) {
        for (operation, figures) in seen {
            self.operations.entry(operation).or_default().add(&figures);
        }
    }

    pub(super) fn end(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    /// Returns the results of all operations together.
    #[must_use]
    pub fn total(&self) -> Figures {
        let mut total = Figures::default();
        self.operations.values().for_each(|figures| total.add(figures));
        total
    }

    /// Returns successful requests per second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        let total = self.total();
        (total.count() - total.failed()) as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Returns the numbers of failed requests by reason.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, u64> {
        self.total().failures
    }

    /// Returns the report as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let operations = self.operations.iter();
        let operations = operations
            .map(|(operation, figures)| (operation.name().to_owned(), figures.json(self.elapsed)));
        json!({
            "mix": self.mix,
            "connections": self.connections,
            "rate": self.rate,
            "seed": self.seed,
            "seconds": self.elapsed.as_secs_f64(),
            "total": self.total().json(self.elapsed),
            "operations": Value::Object(operations.collect()),
        })
    }
}

/// Formats the report as a table, with latencies in milliseconds.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14}{:>9}{:>8}{:>10}", "", "requests", "failed", "per s")?;
        for (name, _) in SHARES {
            write!(f, "{:>10}", format!("{name} ms"))?;
        }
        writeln!(f)?;
        for (operation, figures) in &self.operations {
            figures.line(f, operation.name(), self.elapsed)?;
        }
        let total = self.total();
        total.line(f, "total", self.elapsed)?;
        for (failure, count) in &total.failures {
            writeln!(f, "{count} failed: {failure}")?;
        }
        Ok(())
    }
}
