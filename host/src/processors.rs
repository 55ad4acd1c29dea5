//! Who computes next. Of the instances and the long searches that want to, as many compute at once
//! as there are processors; when one yields or waits for the store, the tenant follows that has
//! computed for the shortest time, so that nobody waits behind all requests of another tenant
//! (weighted fair queueing, with equal weights).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::store::Identity;

/// Stores that cannot be told apart are one tenant here.
type Tenant = Option<Identity>;

/// Tenants that are remembered though they do not compute.
const REMEMBERED: usize = 1024;

/// How long one computes at least before it lets others, so that changing costs little.
const SLICE: Duration = Duration::from_micros(500);

/// The processors, and who waits for them.
pub(crate) struct Processors {
    state: Mutex<State>,
    /// How many wait. It is changed with the state locked.
    waiting: AtomicUsize,
}

struct State {
    free: usize,
    /// The computed time of the tenant that was served last: who was idle begins there.
    now: Duration,
    tenants: HashMap<Tenant, Flow>,
}

#[derive(Default)]
struct Flow {
    computed: Duration,
    waiting: VecDeque<oneshot::Sender<Grant>>,
}

/// The right to compute; given back when it is dropped.
struct Grant {
    processors: Arc<Processors>,
    tenant: Tenant,
    since: Instant,
}

impl Processors {
    /// Those of this machine, which everything in this process shares.
    pub(crate) fn all() -> Arc<Self> {
        static ALL: OnceLock<Arc<Processors>> = OnceLock::new();
        let count = || thread::available_parallelism().map_or(1, usize::from);
        Arc::clone(ALL.get_or_init(|| Self::new(count())))
    }

    /// So many.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (now, tenants) = (Duration::ZERO, HashMap::new());
        let state = State {
            free: count,
            now,
            tenants,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Whether anybody waits for one.
    pub(crate) fn are_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    async fn grant(self: &Arc<Self>, tenant: Tenant) -> Grant {
        let granted = {
            let mut state = self.state();
            let now = state.now;
            if state.free > 0 && !self.are_short() {
                state.free -= 1;
                return self.granted(tenant);
            }
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let flow = state.tenants.entry(tenant).or_default();
            if flow.waiting.is_empty() {
                flow.computed = flow.computed.max(now);
            }
            let (give, granted) = oneshot::channel();
            flow.waiting.push_back(give);
            granted
        };
        match granted.await {
            Ok(grant) => grant,
            // Never so, since what waits is only taken out to be served.
            Err(_) => std::future::pending().await,
        }
    }

    fn granted(self: &Arc<Self>, tenant: Tenant) -> Grant {
        Grant {
            processors: Arc::clone(self),
            tenant,
            since: Instant::now(),
        }
    }

    fn serve(self: &Arc<Self>) {
        loop {
            let (tenant, give) = {
                let mut state = self.state();
                if state.free == 0 || !self.are_short() {
                    return;
                }
                let Some(next) = state.next() else {
                    return;
                };
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                if next.1.is_closed() {
                    continue;
                }
                state.free -= 1;
                next
            };
            // Who has gone meanwhile gives it back.
            drop(give.send(self.granted(tenant)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<(Tenant, oneshot::Sender<Grant>)> {
        let flows = self.tenants.iter_mut();
        let waiting = flows.filter(|(_, flow)| !flow.waiting.is_empty());
        let (tenant, flow) = waiting.min_by_key(|(_, flow)| flow.computed)?;
        self.now = self.now.max(flow.computed);
        Some((*tenant, flow.waiting.pop_front()?))
    }

    fn charge(&mut self, tenant: Tenant, time: Duration) {
        let now = self.now;
        let flow = self.tenants.entry(tenant).or_default();
        flow.computed = flow.computed.max(now) + time;
        if self.tenants.len() > REMEMBERED {
            let is_behind = |flow: &Flow| flow.waiting.is_empty() && flow.computed <= now;
            self.tenants.retain(|_, flow| !is_behind(flow));
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        {
            let mut state = self.processors.state();
            state.free += 1;
            state.charge(self.tenant, self.since.elapsed());
        }
        if self.processors.are_short() {
            self.processors.serve();
        }
    }
}

/// What one request or search computes.
pub(crate) struct Computing {
    processors: Arc<Processors>,
    tenant: Tenant,
    grant: Mutex<Option<Grant>>,
}

impl Computing {
    /// Not begun yet.
    pub(crate) fn new(processors: Arc<Processors>, tenant: Tenant) -> Arc<Self> {
        let grant = Mutex::default();
        Arc::new(Self {
            processors,
            tenant,
            grant,
        })
    }

    /// Waits until it may compute.
    pub(crate) async fn begin(&self) {
        let grant = self.processors.grant(self.tenant).await;
        *self.held() = Some(grant);
    }

    /// Lets others compute, until it begins again.
    pub(crate) fn pause(&self) {
        let grant = self.held().take();
        drop(grant);
    }

    /// Lets those compute who have computed less, and other tasks run.
    pub(crate) async fn take_turns(&self) {
        if !self.must_pause() {
            yield_now().await;
            return;
        }
        self.pause();
        self.begin().await;
    }

    /// As [`Self::take_turns`], on a thread that may block.
    pub(crate) fn take_turns_blocking(&self, runtime: &Handle) {
        if self.must_pause() {
            self.pause();
            runtime.block_on(self.begin());
        }
    }

    fn must_pause(&self) -> bool {
        self.processors.are_short()
            && self
                .held()
                .as_ref()
                .is_none_or(|grant| grant.since.elapsed() >= SLICE)
    }

    fn held(&self) -> MutexGuard<'_, Option<Grant>> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_has_computed_less_is_next() {
        let processors = Processors::new(1);
        let (busy, quiet) = (Some(Identity::new(1, 1)), Some(Identity::new(1, 2)));
        let of = |tenant| Computing::new(Arc::clone(&processors), tenant);
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
        assert_eq!(processors.state().free, 1);
    }
}
