//! Decides which instance or long search computes next. As many compute at once as
//! there are processors; when one yields or waits for the store, the tenant that has computed for
//! the shortest time is next (weighted fair queueing with equal weights), so that no request waits
//! behind all requests of another tenant. While several tenants are active, none of them occupies
//! all processors, so that the others find one free.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::active::Active;
use crate::store::StoreId;

/// A tenant; all stores without an id count as one tenant.
type Tenant = Option<StoreId>;

/// The most idle tenants whose computed time is remembered.
const REMEMBERED: usize = 1024;

/// How long a task computes before it may have to yield, so that switching costs little.
const SLICE: Duration = Duration::from_micros(500);

/// A request that has computed for less than this continues before requests of its tenant that have
/// not begun, so that few hold memory at once; after that it alternates with them.
const SHORT: Duration = Duration::from_millis(50);

/// The processors, and the tasks that wait for them.
pub(crate) struct CpuScheduler {
    state: Mutex<State>,
    /// Whether any task waits. Changed only while the state is locked.
    has_waiting: AtomicBool,
}

struct State {
    all: usize,
    free: usize,
    /// The number of processors that each tenant occupies; never 0.
    held: HashMap<Tenant, usize>,
    /// How much work of each tenant computes elsewhere on this machine; never 0.
    elsewhere: HashMap<Tenant, usize>,
    active: Active<Tenant>,
    /// The computed time of the tenant that was served last, at which idle tenants start.
    now: Duration,
    /// The computed time of each tenant.
    computed: HashMap<Tenant, Duration>,
    /// Waiting tasks by tenant; an empty queue is removed.
    waiting: HashMap<Tenant, VecDeque<oneshot::Sender<Grant>>>,
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
        let state = State {
            all: count,
            free: count,
            held: HashMap::new(),
            elsewhere: HashMap::new(),
            active: Active::new(),
            now: Duration::ZERO,
            computed: HashMap::new(),
            waiting: HashMap::new(),
        };
        Arc::new(Self { state: Mutex::new(state), has_waiting: AtomicBool::new(false) })
    }

    /// Begins work of this tenant that computes elsewhere on this machine.
    pub(crate) fn elsewhere(self: &Arc<Self>, tenant: StoreId) -> Elsewhere {
        let tenant = Some(tenant);
        *self.state().elsewhere.entry(tenant).or_default() += 1;
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
        state.active.note(tenant);
        if state.may_compute(tenant) && state.next().is_none() {
            state.take(tenant);
            return Ok(self.granted(tenant));
        }
        let (sender, granted) = oneshot::channel();
        let now = state.now;
        let queue = state.waiting.entry(tenant).or_default();
        match first {
            true => queue.push_front(sender),
            false => queue.push_back(sender),
        }
        if queue.len() == 1 {
            let computed = state.computed.entry(tenant).or_default();
            *computed = now.max(*computed);
        }
        self.has_waiting.store(true, Ordering::Relaxed);
        Err(granted)
    }

    fn granted(self: &Arc<Self>, tenant: Tenant) -> Grant {
        Grant { scheduler: Arc::clone(self), tenant, since: Instant::now() }
    }

    fn serve(self: &Arc<Self>) {
        loop {
            let (tenant, sender) = {
                let mut state = self.state();
                let next = state.next().and_then(|tenant| state.take_out(tenant));
                self.has_waiting.store(!state.waiting.is_empty(), Ordering::Relaxed);
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

impl State {
    /// Whether there is a processor for another task of the tenant.
    fn may_compute(&self, tenant: Tenant) -> bool {
        if self.free == 0 || self.active.count() <= 1 {
            return self.free > 0;
        }
        let of = |map: &HashMap<Tenant, usize>| map.get(&tenant).copied().unwrap_or_default();
        let (held, elsewhere) = (of(&self.held), of(&self.elsewhere));
        let is_last = self.free == 1 && held > 0;
        let is_too_much = elsewhere > 0 && held + elsewhere >= self.all.saturating_sub(1).max(1);
        !is_last && !is_too_much
    }

    /// Returns the tenant that has computed for the shortest time among those that wait and may
    /// compute.
    fn next(&self) -> Option<Tenant> {
        let computed = |tenant: &Tenant| self.computed.get(tenant).copied().unwrap_or_default();
        let waiting = self.waiting.keys().copied();
        waiting.filter(|tenant| self.may_compute(*tenant)).min_by_key(computed)
    }

    /// Takes the tenant's first waiting task out of its queue.
    fn take_out(&mut self, tenant: Tenant) -> Option<(Tenant, oneshot::Sender<Grant>)> {
        let computed = self.computed.get(&tenant).copied().unwrap_or_default();
        self.now = self.now.max(computed);
        let queue = self.waiting.get_mut(&tenant)?;
        let sender = queue.pop_front()?;
        if queue.is_empty() {
            self.waiting.remove(&tenant);
        }
        Some((tenant, sender))
    }

    fn take(&mut self, tenant: Tenant) {
        self.free -= 1;
        *self.held.entry(tenant).or_default() += 1;
    }

    fn release(&mut self, tenant: Tenant) {
        self.free += 1;
        decrease(&mut self.held, tenant);
    }

    fn charge(&mut self, tenant: Tenant, time: Duration) {
        let now = self.now;
        let computed = self.computed.entry(tenant).or_default();
        *computed = now.max(*computed) + time;
        if self.computed.len() > REMEMBERED {
            let waiting = &self.waiting;
            self.computed
                .retain(|tenant, computed| waiting.contains_key(tenant) || *computed > now);
        }
    }

    /// Whether another task should compute: one of another tenant, or one of this tenant if this
    /// task has computed for long.
    fn is_wanted(&self, tenant: Tenant, computed: Duration) -> bool {
        let others = self.waiting.len() - usize::from(self.waiting.contains_key(&tenant));
        others > 0 || (computed >= SHORT && !self.waiting.is_empty())
    }
}

fn decrease(counts: &mut HashMap<Tenant, usize>, tenant: Tenant) {
    if let Some(count) = counts.get_mut(&tenant) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&tenant);
        }
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
        {
            let mut state = self.scheduler.state();
            decrease(&mut state.elsewhere, self.tenant);
            state.charge(self.tenant, self.since.elapsed());
        }
        if self.scheduler.has_waiting() {
            self.scheduler.serve();
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        {
            let mut state = self.scheduler.state();
            state.release(self.tenant);
            state.charge(self.tenant, self.since.elapsed());
        }
        if self.scheduler.has_waiting() {
            self.scheduler.serve();
        }
    }
}

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

    fn must_pause(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

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
