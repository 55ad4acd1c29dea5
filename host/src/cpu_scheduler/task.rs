//! The computing part of one request or long search, which waits for a processor and yields it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::{CpuScheduler, Grant, Tenant};

/// How long a task computes before it may have to yield, so that switching costs little.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// A request that has computed for less than this continues before requests of its tenant that have
/// not begun, so that few hold memory at once; after that it alternates with them.
pub(super) const SHORT: Duration = Duration::from_millis(50);

/// The computing part of one request or long search.
pub(crate) struct CpuTask {
    scheduler: Arc<CpuScheduler>,
    tenant: Tenant,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    grant: Option<Grant>,
    has_begun: bool,
    computed: Duration,
}

impl Progress {
    /// Returns how long the task has computed by now.
    fn computed(&self) -> Duration {
        let grant = self.grant.as_ref();
        self.computed + grant.map_or(Duration::ZERO, |grant| grant.since.elapsed())
    }

    /// Whether the task continues before tasks of its tenant that have not begun.
    fn is_first(&self) -> bool {
        self.has_begun && self.computed() < SHORT
    }
}

impl CpuTask {
    /// Creates a task that has not begun.
    pub(crate) fn new(scheduler: Arc<CpuScheduler>, tenant: Tenant) -> Arc<Self> {
        let progress = Mutex::default();
        Arc::new(Self { scheduler, tenant, progress })
    }

    /// The tenant that the task belongs to.
    pub(crate) fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// Waits until the task may compute.
    pub(crate) async fn begin(&self) {
        let first = self.progress().is_first();
        self.granted(self.scheduler.ask(self.tenant, first)).await;
    }

    /// Frees the processor until the task begins again.
    pub(crate) fn pause(&self) {
        let grant = {
            let mut progress = self.progress();
            progress.computed = progress.computed();
            progress.grant.take()
        };
        drop(grant);
    }

    /// Yields to tenants that have computed less, and to other tasks of the runtime.
    pub(crate) async fn yield_to_others(&self) {
        match self.must_pause() {
            true => self.granted(self.requeue()).await,
            false => yield_now().await,
        }
    }

    /// Yields to tenants that have computed less. Blocks the thread meanwhile.
    pub(crate) fn yield_to_others_blocking(&self, runtime: &Handle) {
        if self.must_pause() {
            runtime.block_on(self.granted(self.requeue()));
        }
    }

    /// Queues the task again before it frees its processor, so that it keeps its place.
    fn requeue(&self) -> Result<Grant, oneshot::Receiver<Grant>> {
        let first = self.progress().is_first();
        let again = self.scheduler.ask(self.tenant, first);
        self.pause();
        again
    }

    async fn granted(&self, asked: Result<Grant, oneshot::Receiver<Grant>>) {
        let grant = match asked {
            Ok(grant) => grant,
            Err(granted) => match granted.await {
                Ok(grant) => grant,
                // Cannot happen: a waiting task is only taken out of its queue to be served.
                Err(_) => std::future::pending().await,
            },
        };
        let mut progress = self.progress();
        (progress.grant, progress.has_begun) = (Some(grant), true);
    }

    pub(super) fn must_pause(&self) -> bool {
        if !self.scheduler.has_waiting() {
            return false;
        }
        let progress = self.progress();
        let slice = progress.grant.as_ref().map(|grant| grant.since.elapsed());
        let computed = progress.computed();
        drop(progress);
        slice.is_none_or(|slice| slice >= SLICE)
            && self.scheduler.state().is_wanted(self.tenant, computed)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
