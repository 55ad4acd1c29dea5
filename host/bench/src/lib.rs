//! A load generator that sends the requests of identity providers to any SCIM service.
//!
//! Each connection sends one request after another. Without a rate it sends the next when the
//! previous one is answered; with a rate, at times that are fixed in advance, and the latency of a
//! request that had to wait includes the wait: delays that clients would have noticed are always
//! counted.

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

/// The service, the requests and the load of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The SCIM base URL, without a final slash.
    pub url: String,
    /// The Authorization header.
    pub authorization: String,
    /// The mix of operations.
    pub mix: Mix,
    /// The number of concurrent requests.
    pub connections: u32,
    /// Requests per second of all connections together; `None` for no limit.
    pub rate: Option<f64>,
    /// The duration of the measurement.
    pub duration: Duration,
    /// The number of users that are created first, to be looked up and changed.
    pub users: u32,
    /// Existing resources that are used instead of created ones.
    pub known: Option<Arc<Known>>,
    /// The seed of random choices; equal seeds give equal requests.
    pub seed: u64,
    /// Whether the created resources are kept.
    pub keep: bool,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The URL is invalid or cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// The service refused to create a resource that the run needs.
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused {
        /// The request's method.
        method: &'static str,
        /// The request's path below the base URL.
        path: String,
        /// The response's status.
        status: u16,
        /// The response's body.
        body: String,
    },
}

/// The progress of a run.
#[derive(Debug, Default)]
pub struct Progress {
    answered: AtomicU64,
}

impl Progress {
    /// Returns the number of responses so far.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Creates the resources that are needed, measures, and removes the resources again.
///
/// # Errors
/// [`BenchError`] if the service cannot be reached or refuses to create the resources. Failures
/// during the measurement are counted in the report.
pub async fn run(options: Options, progress: &Arc<Progress>) -> Result<Report, BenchError> {
    let run = Run::prepare(options).await?;
    let report = run.measure(progress).await?;
    run.remove().await;
    Ok(report)
}

/// The three steps of a run, for callers that inspect the service between them.
pub struct Run {
    options: Options,
    client: Client,
    population: Arc<Population>,
}

impl Run {
    /// Creates the resources that are needed.
    ///
    /// # Errors
    /// [`BenchError`] if the service cannot be reached or refuses.
    pub async fn prepare(options: Options) -> Result<Self, BenchError> {
        let client = Client::new(&options)?;
        let population = Population::make(&client, &options).await?;
        Ok(Self { options, client, population: Arc::new(population) })
    }

    /// Sends requests for the configured duration.
    ///
    /// # Errors
    /// [`BenchError`] if a resource that a worker needs cannot be created.
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
        std::thread::Builder::new().name("bench".to_owned()).spawn(work).map_err(failed)?;
        measured.await.map_err(failed)?
    }

    /// Removes the created resources, unless they are to be kept.
    pub async fn remove(self) {
        if !self.options.keep {
            let connections = self.options.connections;
            self.population.remove(&self.client, connections).await;
        }
    }
}

/// Runs all connections on one thread, which is enough for them: threads that wake each other would
/// take processor time from a service on the same machine.
fn on_one_thread(
    workers: Vec<Worker>,
    mut report: Report,
    progress: &Arc<Progress>,
) -> Result<Report, BenchError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let started = Instant::now();
        let mut working = JoinSet::new();
        for worker in workers {
            working.spawn(worker.run(started, Arc::clone(progress)));
        }
        while let Some(worked) = working.join_next().await {
            report.add(worked.map_err(failed)??);
        }
        report.end(started.elapsed());
        Ok(report)
    })
}

fn failed(error: impl std::error::Error) -> BenchError {
    BenchError::Unreachable(error.to_string())
}
