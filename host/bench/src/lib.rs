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
mod thread;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use self::dice::Dice;
pub use self::mix::{Mix, Operation};
pub use self::population::{Known, user};
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
    /// Who is looked up and changed in their place.
    pub known: Option<Arc<Known>>,
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
    let run = Run::prepare(options).await?;
    let report = run.measure(progress).await?;
    run.remove().await;
    Ok(report)
}

/// The three parts of a run, for those who look at the service between them.
pub struct Run {
    options: Options,
    client: Client,
    population: Arc<Population>,
}

impl Run {
    /// Makes what is needed.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn prepare(options: Options) -> Result<Self, BenchError> {
        let client = Client::new(&options)?;
        let population = Population::make(&client, &options).await?;
        Ok(Self {
            options,
            client,
            population: Arc::new(population),
        })
    }

    /// Asks for as long as it should.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn measure(&self, progress: &Arc<Progress>) -> Result<Report, BenchError> {
        let worker = |number| {
            let population = Arc::clone(&self.population);
            Worker::new(number, &self.options, self.client.connection(), population)
        };
        let workers = (0..self.options.connections).map(worker).collect();
        let (report, progress) = (Report::new(&self.options), Arc::clone(progress));
        let (done, measured) = oneshot::channel();
        let work = move || {
            thread::yield_to_the_service();
            drop(done.send(on_one_thread(workers, report, &progress)));
        };
        std::thread::Builder::new()
            .name("bench".to_owned())
            .spawn(work)
            .map_err(failed)?;
        measured.await.map_err(failed)?
    }

    /// Removes what it made, unless that is to stay.
    pub async fn remove(self) {
        if !self.options.keep {
            let connections = self.options.connections;
            self.population.remove(&self.client, connections).await;
        }
    }
}

/// All connections on one thread, which is enough for them: threads that wake each other would take from the service what it needs on
/// the same machine.
fn on_one_thread(
    workers: Vec<Worker>,
    mut report: Report,
    progress: &Arc<Progress>,
) -> Result<Report, BenchError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let begun = Instant::now();
        let mut working = JoinSet::new();
        for worker in workers {
            working.spawn(worker.run(begun, Arc::clone(progress)));
        }
        while let Some(worked) = working.join_next().await {
            report.add(worked.map_err(failed)??);
        }
        report.end(begun.elapsed());
        Ok(report)
    })
}

fn failed(error: impl std::error::Error) -> BenchError {
    BenchError::Unreachable(error.to_string())
}
