//! Who computes next. Of the instances that want to, as many compute at once as there are processors; when one yields or waits
//! for the store, the tenant follows that has computed for the shortest time, so that nobody waits behind all requests of
//! another tenant (weighted fair queueing, with equal weights).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::store::Identity;

/// Stores that cannot be told apart are one tenant here.
type Tenant = Option<Identity>;

/// Tenants that are remembered though they do not compute.
const REMEMBERED: usize = 1024;

/// The processors, and who waits for them.
pub(crate) struct Processors(Mutex<State>);

struct State {
    free: usize,
    waiting: usize,
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
    /// So many.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (waiting, now, tenants) = (0, Duration::ZERO, HashMap::new());
        Arc::new(Self(Mutex::new(State {
            free: count,
            waiting,
            now,
            tenants,
        })))
    }

    async fn grant(self: &Arc<Self>, tenant: Tenant) -> Grant {
        let granted = {
            let mut state = self.state();
            let now = state.now;
            if state.free > 0 && state.waiting == 0 {
                state.free -= 1;
                return self.granted(tenant);
            }
            state.waiting += 1;
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
                if state.free == 0 || state.waiting == 0 {
                    return;
                }
                let Some(next) = state.next() else {
                    return;
                };
                state.waiting -= 1;
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let waits = {
            let mut state = self.processors.state();
            state.free += 1;
            state.charge(self.tenant, self.since.elapsed());
            state.waiting > 0
        };
        if waits {
            self.processors.serve();
        }
    }
}

/// One request's computing.
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
        if self.processors.state().waiting == 0 {
            yield_now().await;
            return;
        }
        self.pause();
        self.begin().await;
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
