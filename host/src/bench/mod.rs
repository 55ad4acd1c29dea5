//! A load generator that asks a SCIM service what identity providers ask: any service, for nothing here knows what serves it.
//!
//! Each connection sends one request after another. Without a rate it sends the next when the answer is there; with one, at
//! times that were fixed beforehand, and a request that has to wait for the one before is late by its own latency: what
//! clients would have noticed is never left out.

mod client;
mod dice;
mod mix;
mod population;
mod report;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

pub use self::dice::Dice;
pub use self::mix::{Mix, Operation};
pub use self::report::{Figures, Report};

use self::client::Client;
use self::population::Population;
use self::worker::Worker;

/// What is asked of whom, and how hard.
#[derive(Clone, Debug)]
pub struct Options {
    /// The SCIM base URL, without a slash at its end.
    pub url: String,
    /// The Authorization header.
    pub authorization: String,
    /// What is asked.
    pub mix: Mix,
    /// How many requests are under way at the same time.
    pub connections: u32,
    /// Requests a second of all connections together; `None` for as many as are answered.
    pub rate: Option<f64>,
    /// For how long.
    pub duration: Duration,
    /// How many users are made beforehand to be looked up and changed.
    pub users: u32,
    /// Repeats the choices.
    pub seed: u64,
    /// Whether what was made stays there.
    pub keep: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The URL cannot be reached, or is none.
    #[error("{0}")]
    Unreachable(String),
    /// The service refused what has to be there beforehand.
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused {
        /// The method.
        method: &'static str,
        /// Below the base URL.
        path: String,
        /// The status.
        status: u16,
        /// What the service says.
        body: String,
    },
}

/// How far a run has got.
#[derive(Debug, Default)]
pub struct Progress {
    answered: AtomicU64,
}

impl Progress {
    /// How many requests have been answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Makes what is needed, asks for as long as it should, and removes what it made.
///
/// # Errors
/// If the service cannot be reached or refuses what has to be there beforehand. Refusals later are counted.
pub async fn run(options: Options, progress: &Arc<Progress>) -> Result<Report, BenchError> {
    let client = Client::new(&options)?;
    let population = Population::make(&client, &options).await?;
    let population = Arc::new(population);
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for number in 0..options.connections {
        let worker = Worker::new(number, &options, client.clone(), Arc::clone(&population));
        workers.spawn(worker.run(begun, Arc::clone(progress)));
    }
    let mut report = Report::new(&options);
    while let Some(worked) = workers.join_next().await {
        report.add(worked.map_err(|error| BenchError::Unreachable(error.to_string()))??);
    }
    report.end(begun.elapsed());
    if !options.keep {
        population.remove(&client, options.connections).await;
    }
    Ok(report)
}
