//! A semaphore whose permits tenants share, such as those for connections: a tenant may use most of
//! them while others are idle, and some are always left for others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::active::{Active, Owner};

/// A tenant may hold at most this many times as many permits as are free, so that a single tenant
/// can have three quarters of all. A tenant that holds a permit never gets the last one.
const RATIO: usize = 3;

/// While several tenants are active, one permit in `DIVIDED` is divided evenly between them, and
/// each tenant may hold at least one: work under all permits competes for the same processors, so
/// that one tenant's work slows down another's long before the permits run out.
const DIVIDED: usize = 2;

/// A number of equal permits. A free permit goes to the waiting tenant that holds the fewest, among
/// equals to the one that waited longest; within a tenant in order of arrival.
pub(crate) struct FairSemaphore<T: Owner>(Mutex<State<T>>);

struct State<T: Owner> {
    all: usize,
    free: usize,
    /// The most permits of one tenant while several are active.
    beside_others: usize,
    active: Active<T>,
    tenants: HashMap<T, TenantShare<T>>,
    /// Counts the callers that began to wait.
    clock: u64,
}

struct TenantShare<T: Owner> {
    held: usize,
    waiting: VecDeque<(u64, oneshot::Sender<FairPermit<T>>)>,
}

impl<T: Owner> Default for TenantShare<T> {
    fn default() -> Self {
        let (held, waiting) = (0, VecDeque::new());
        Self { held, waiting }
    }
}

/// A permit; dropping it frees it.
pub(crate) struct FairPermit<T: Owner> {
    semaphore: Arc<FairSemaphore<T>>,
    tenant: T,
}

impl<T: Owner> FairSemaphore<T> {
    /// Creates a semaphore with `permits` permits.
    pub(crate) fn new(permits: usize) -> Arc<Self> {
        Self::bounded(permits, permits)
    }

    /// Creates a semaphore with `permits` permits, of which one tenant has at most `beside_others`
    /// while several are active.
    pub(crate) fn bounded(permits: usize, beside_others: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            all: permits,
            free: permits,
            beside_others,
            active: Active::new(),
            tenants: HashMap::new(),
            clock: 0,
        })))
    }

    /// Waits for a permit for this tenant. A caller that stops waiting is skipped.
    pub(crate) async fn acquire(self: &Arc<Self>, tenant: T) -> FairPermit<T> {
        let permit = {
            let mut state = self.state();
            state.active.note(tenant);
            if state.may_have(tenant) {
                state.take(tenant);
                return self.permit(tenant);
            }
            let (sender, permit) = oneshot::channel();
            state.clock += 1;
            let since = state.clock;
            let share = state.tenants.entry(tenant).or_default();
            share.waiting.push_back((since, sender));
            permit
        };
        match permit.await {
            Ok(permit) => permit,
            // Cannot happen: a waiting caller is only taken out of its queue to be served.
            Err(_) => std::future::pending().await,
        }
    }

    fn permit(self: &Arc<Self>, tenant: T) -> FairPermit<T> {
        let semaphore = Arc::clone(self);
        FairPermit { semaphore, tenant }
    }

    /// Passes free permits to waiting callers.
    fn serve(self: &Arc<Self>) {
        loop {
            let (sender, permit) = {
                let mut state = self.state();
                let Some((tenant, sender)) = state.next() else {
                    return;
                };
                state.take(tenant);
                (sender, self.permit(tenant))
            };
            // If the caller was dropped meanwhile, this drops the permit too.
            drop(sender.send(permit));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Owner> State<T> {
    fn may_have(&self, tenant: T) -> bool {
        match self.tenants.get(&tenant) {
            None => self.free > 0,
            Some(share) => share.waiting.is_empty() && self.is_within(share),
        }
    }

    /// Whether a tenant with this share may have another permit. The last free permit is for a
    /// tenant that has none.
    fn is_within(&self, share: &TenantShare<T>) -> bool {
        if share.held == 0 {
            return self.free > 0;
        }
        let most = match self.active.count() {
            0 | 1 => self.all,
            count => self.beside_others.min(self.all / (DIVIDED * count)),
        };
        self.free > 1 && share.held < most.min(self.free.saturating_mul(RATIO))
    }

    fn take(&mut self, tenant: T) {
        self.free -= 1;
        self.tenants.entry(tenant).or_default().held += 1;
    }

    /// Takes the next waiting caller out of its queue.
    fn next(&mut self) -> Option<(T, oneshot::Sender<FairPermit<T>>)> {
        for share in self.tenants.values_mut() {
            while share.waiting.front().is_some_and(|(_, sender)| sender.is_closed()) {
                share.waiting.pop_front();
            }
        }
        self.tenants.retain(|_, share| share.held > 0 || !share.waiting.is_empty());
        let waiting = self.tenants.iter().filter(|(_, share)| self.is_within(share));
        let waiting = waiting.filter_map(|(tenant, share)| {
            let (since, _) = share.waiting.front()?;
            Some((share.held, *since, *tenant))
        });
        let (.., tenant) = waiting.min_by_key(|(held, since, _)| (*held, *since))?;
        let (_, sender) = self.tenants.get_mut(&tenant)?.waiting.pop_front()?;
        Some((tenant, sender))
    }
}

impl<T: Owner> Drop for FairPermit<T> {
    fn drop(&mut self) {
        let mut state = self.semaphore.state();
        state.free += 1;
        let mut waits = state.tenants.len() > 1;
        if let Some(share) = state.tenants.get_mut(&self.tenant) {
            share.held -= 1;
            waits |= !share.waiting.is_empty();
            if share.held == 0 && share.waiting.is_empty() {
                state.tenants.remove(&self.tenant);
            }
        }
        drop(state);
        if waits {
            self.semaphore.serve();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::store::StoreId;

    fn now(semaphore: &Arc<FairSemaphore<u8>>, tenant: u8) -> Option<FairPermit<u8>> {
        semaphore.acquire(tenant).now_or_never()
    }

    #[test]
    fn a_share_is_left_for_others() {
        let semaphore = FairSemaphore::new(16);
        let first: Vec<_> = (0..16).filter_map(|_| now(&semaphore, 1)).collect();
        assert_eq!(first.len(), 12);
        let second: Vec<_> = (0..16).filter_map(|_| now(&semaphore, 2)).collect();
        assert_eq!(second.len(), 3);
        assert!(now(&semaphore, 3).is_some());
    }

    #[test]
    fn unknown_names_leave_a_tenant_its_share() {
        let semaphore = FairSemaphore::new(16);
        let stranger = semaphore.acquire(None).now_or_never();
        let known: Vec<_> = (0..16)
            .filter_map(|_| semaphore.acquire(Some(StoreId::new(1, 1))).now_or_never())
            .collect();
        assert!(stranger.is_some());
        assert!(known.len() > 8, "{}", known.len());
    }

    #[test]
    fn beside_others_a_tenant_has_no_more_than_this() {
        let semaphore = FairSemaphore::bounded(16, 1);
        let first: Vec<_> = (0..16).filter_map(|_| now(&semaphore, 1)).collect();
        assert_eq!(first.len(), 12, "it is alone");
        drop(first);
        let other = now(&semaphore, 2);
        let first: Vec<_> = (0..16).filter_map(|_| now(&semaphore, 1)).collect();
        assert_eq!((first.len(), other.is_some()), (1, true));
    }

    #[test]
    fn beside_others_a_tenant_has_fewer() {
        let semaphore = FairSemaphore::new(16);
        let mut first: Vec<_> = (0..16).filter_map(|_| now(&semaphore, 1)).collect();
        let other = now(&semaphore, 2);
        first.truncate(5);
        assert!(now(&semaphore, 1).is_none(), "half of half is enough");
        first.truncate(3);
        assert!(now(&semaphore, 1).is_some());
        drop(other);
        assert!(now(&semaphore, 2).is_some());
    }

    #[test]
    fn who_holds_the_fewest_is_served_first() {
        let semaphore = FairSemaphore::new(3);
        let (one, two) = (now(&semaphore, 1), now(&semaphore, 1));
        assert!(one.is_some() && two.is_some());
        let mut more = Box::pin(semaphore.acquire(1));
        assert!((&mut more).now_or_never().is_none(), "one place is left for others");
        let last = now(&semaphore, 2);
        assert!(last.is_some());
        let mut other = Box::pin(semaphore.acquire(3));
        assert!((&mut other).now_or_never().is_none());
        // A caller that has gone meanwhile takes no permit.
        assert!(now(&semaphore, 4).is_none());
        drop(one);
        let other = (&mut other).now_or_never();
        assert!(other.is_some());
        assert!((&mut more).now_or_never().is_none());
        drop(two);
        assert!(more.now_or_never().is_some());
        drop((last, other));
        assert!(semaphore.state().tenants.is_empty());
        assert_eq!(semaphore.state().free, 3);
    }

    #[tokio::test]
    async fn everybody_is_served_in_the_end() {
        let semaphore = FairSemaphore::new(3);
        let tasks = (0..300u32).map(|number| {
            let semaphore = Arc::clone(&semaphore);
            tokio::spawn(async move {
                let _place = semaphore.acquire((number % 7) as u8).await;
                tokio::task::yield_now().await;
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("it is served");
        }
        assert_eq!(semaphore.state().free, 3);
    }
}
