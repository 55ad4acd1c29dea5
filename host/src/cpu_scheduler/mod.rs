//! Decides which instance or long search computes next. As many compute at once as there are
//! processors; when one yields or waits for the store, the tenant that has computed for the
//! shortest time is next (weighted fair queueing with equal weights), so that no request waits
//! behind all requests of another tenant. While several tenants are active, none of them occupies
//! all processors, so that the others find one free.

mod state;
mod task;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use self::state::State;
pub(crate) use self::task::CpuTask;
use crate::store::StoreId;

/// A tenant; all stores without an id count as one tenant.
type Tenant = Option<StoreId>;

/// The processors, and the tasks that wait for them.
pub(crate) struct CpuScheduler {
    state: Mutex<State>,
    /// Whether any task waits. Changed only while the state is locked.
    has_waiting: AtomicBool,
}

/// The right to compute; dropping it frees the processor.
struct Grant {
    scheduler: Arc<CpuScheduler>,
    tenant: Tenant,
    since: Instant,
}

impl CpuScheduler {
    /// Returns the scheduler of this process, with as many processors as the machine has.
    pub(crate) fn all() -> Arc<Self> {
        static ALL: OnceLock<Arc<CpuScheduler>> = OnceLock::new();
        let count = || thread::available_parallelism().map_or(1, usize::from);
        Arc::clone(ALL.get_or_init(|| Self::new(count())))
    }

    /// Creates a scheduler with `count` processors.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let state = State::new(count);
        Arc::new(Self { state: Mutex::new(state), has_waiting: AtomicBool::new(false) })
    }

    /// Begins work of this tenant that computes elsewhere on this machine.
    pub(crate) fn elsewhere(self: &Arc<Self>, tenant: StoreId) -> Elsewhere {
        let tenant = Some(tenant);
        self.state().enter(tenant);
        Elsewhere { scheduler: Arc::clone(self), tenant, since: Instant::now() }
    }

    /// Returns whether any task waits for a processor.
    pub(crate) fn has_waiting(&self) -> bool {
        self.has_waiting.load(Ordering::Relaxed)
    }

    /// Returns a grant, or the channel on which it will arrive. `first` puts the task before the
    /// tenant's other waiting tasks instead of behind them.
    fn ask(
        self: &Arc<Self>,
        tenant: Tenant,
        first: bool,
    ) -> Result<Grant, oneshot::Receiver<Grant>> {
        let mut state = self.state();
        state.note(tenant);
        if state.may_compute(tenant) && state.next().is_none() {
            state.take(tenant);
            return Ok(self.granted(tenant));
        }
        let granted = state.wait(tenant, first);
        self.has_waiting.store(true, Ordering::Relaxed);
        Err(granted)
    }

    fn granted(self: &Arc<Self>, tenant: Tenant) -> Grant {
        Grant { scheduler: Arc::clone(self), tenant, since: Instant::now() }
    }

    /// Ends what has computed for a tenant `since` then, and lets those continue who wait for it.
    fn end(self: &Arc<Self>, tenant: Tenant, since: Instant, end: fn(&mut State, Tenant)) {
        {
            let mut state = self.state();
            end(&mut state, tenant);
            state.charge(tenant, since.elapsed());
        }
        if self.has_waiting() {
            self.serve();
        }
    }

    fn serve(self: &Arc<Self>) {
        loop {
            let (tenant, sender) = {
                let mut state = self.state();
                let next = state.next().and_then(|tenant| state.take_out(tenant));
                self.has_waiting.store(state.has_waiting(), Ordering::Relaxed);
                match next {
                    Some((_, sender)) if sender.is_closed() => continue,
                    Some((tenant, sender)) => {
                        state.take(tenant);
                        (tenant, sender)
                    }
                    None => return,
                }
            };
            // If the task was dropped meanwhile, this drops the grant too.
            drop(sender.send(self.granted(tenant)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work of a tenant that computes elsewhere on this machine than in a task, such as a large commit
/// in a database; dropping it ends it. It waits for no processor and occupies none of other
/// tenants', but counts as its tenant's computing.
pub(crate) struct Elsewhere {
    scheduler: Arc<CpuScheduler>,
    tenant: Tenant,
    since: Instant,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.scheduler.end(self.tenant, self.since, State::leave);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.scheduler.end(self.tenant, self.since, State::release);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::task::SLICE;
    use super::*;

    #[tokio::test]
    async fn who_has_computed_less_is_next() {
        let scheduler = CpuScheduler::new(1);
        let (busy, quiet) = (Some(StoreId::new(1, 1)), Some(StoreId::new(1, 2)));
        let of = |tenant| CpuTask::new(Arc::clone(&scheduler), tenant);
        let (first, second, third) = (of(busy), of(busy), of(quiet));
        first.begin().await;
        let mut waits = Box::pin(second.begin());
        assert!((&mut waits).now_or_never().is_none());
        let mut neighbour = Box::pin(third.begin());
        assert!((&mut neighbour).now_or_never().is_none());
        std::thread::sleep(Duration::from_millis(2));
        first.pause();
        assert!((&mut waits).now_or_never().is_none());
        assert!(neighbour.now_or_never().is_some());
        third.pause();
        assert!(waits.now_or_never().is_some());
        drop(second);
        assert_eq!(scheduler.state().free, 1);
    }

    #[tokio::test]
    async fn one_processor_is_left_for_other_active_tenants() {
        let scheduler = CpuScheduler::new(2);
        let (busy, quiet) = (Some(StoreId::new(1, 1)), Some(StoreId::new(1, 2)));
        let of = |tenant| CpuTask::new(Arc::clone(&scheduler), tenant);
        let (first, second, third, other) = (of(busy), of(busy), of(busy), of(quiet));
        first.begin().await;
        second.begin().await;
        second.pause();
        other.begin().await;
        other.pause();
        let mut waits = Box::pin(third.begin());
        assert!((&mut waits).now_or_never().is_none(), "the other is active");
        assert!(other.begin().now_or_never().is_some(), "one is free");
        first.pause();
        assert!(waits.now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_computes_elsewhere_counts() {
        let scheduler = CpuScheduler::new(2);
        let (busy, quiet) = (StoreId::new(1, 1), StoreId::new(1, 2));
        let of = |tenant| CpuTask::new(Arc::clone(&scheduler), Some(tenant));
        let (task, other) = (of(busy), of(quiet));
        task.begin().await;
        task.pause();
        other.begin().await;
        other.pause();
        let commit = scheduler.elsewhere(busy);
        let mut waits = Box::pin(task.begin());
        assert!((&mut waits).now_or_never().is_none(), "its commit computes");
        assert!(other.begin().now_or_never().is_some(), "no commit of its own");
        drop(commit);
        assert!(waits.now_or_never().is_some());
        let commits = [scheduler.elsewhere(busy), scheduler.elsewhere(busy)];
        other.pause();
        assert!(other.begin().now_or_never().is_some(), "others' commits take no processor");
        drop(commits);
        task.pause();
        assert!(scheduler.state().elsewhere.is_empty());
    }

    #[tokio::test]
    async fn what_has_begun_goes_on_first() {
        let scheduler = CpuScheduler::new(1);
        let (busy, quiet) = (Some(StoreId::new(1, 1)), Some(StoreId::new(1, 2)));
        let of = |tenant| CpuTask::new(Arc::clone(&scheduler), tenant);
        let (first, second, third) = (of(busy), of(busy), of(quiet));
        first.begin().await;
        let mut not_begun = Box::pin(second.begin());
        assert!((&mut not_begun).now_or_never().is_none());
        std::thread::sleep(SLICE);
        assert!(!first.must_pause(), "only its own tenant waits");
        let mut neighbour = Box::pin(third.begin());
        assert!((&mut neighbour).now_or_never().is_none());
        let mut goes_on = Box::pin(first.yield_to_others());
        assert!((&mut goes_on).now_or_never().is_none());
        assert!(neighbour.now_or_never().is_some());
        third.pause();
        assert!(not_begun.now_or_never().is_none());
        assert!(goes_on.now_or_never().is_some());
    }
}
