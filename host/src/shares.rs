//! Places that tenants share, such as connections: as many as there are, for who needs them, but a
//! share of them is always left for the others.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::active::Active;

/// A tenant may hold this many times as many places as are free, so that one alone can have three
/// quarters of all. However few there are, a tenant that holds one leaves the last for others.
const RATIO: usize = 3;

/// While several tenants are active, half of the places are divided evenly between them, and each
/// may hold one at least: what runs on a place competes for processors with all that runs on
/// others, so that one tenant's work slows down another's long before the places run out.
const DIVIDED: usize = 2;

/// A value that tells tenants apart.
pub(crate) trait Owner: Copy + Eq + Hash {}

impl<T: Copy + Eq + Hash> Owner for T {}

/// A number of equal places. Who waits for one is served when one becomes free: the tenant that
/// holds the fewest first, of these the one that waited longest; within a tenant it is first come,
/// first served.
pub(crate) struct Shares<T: Owner>(Mutex<State<T>>);

struct State<T: Owner> {
    all: usize,
    free: usize,
    active: Active<T>,
    tenants: HashMap<T, Share<T>>,
    /// Counts who began to wait.
    clock: u64,
}

struct Share<T: Owner> {
    held: usize,
    waiting: VecDeque<(u64, oneshot::Sender<Place<T>>)>,
}

impl<T: Owner> Default for Share<T> {
    fn default() -> Self {
        let (held, waiting) = (0, VecDeque::new());
        Self { held, waiting }
    }
}

/// One of the places, given back when it is dropped.
pub(crate) struct Place<T: Owner> {
    shares: Arc<Shares<T>>,
    tenant: T,
}

impl<T: Owner> Shares<T> {
    /// So many places.
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            all: places,
            free: places,
            active: Active::new(),
            tenants: HashMap::new(),
            clock: 0,
        })))
    }

    /// A place for this tenant, as soon as it may have one. Who no longer waits is passed over.
    pub(crate) async fn place(self: &Arc<Self>, tenant: T) -> Place<T> {
        let given = {
            let mut state = self.state();
            state.active.note(tenant);
            if state.may_have(tenant) {
                state.take(tenant);
                return self.occupied(tenant);
            }
            let (give, given) = oneshot::channel();
            state.clock += 1;
            let since = state.clock;
            let share = state.tenants.entry(tenant).or_default();
            share.waiting.push_back((since, give));
            given
        };
        match given.await {
            Ok(place) => place,
            // Never so, since what waits is only taken out to be served.
            Err(_) => std::future::pending().await,
        }
    }

    fn occupied(self: &Arc<Self>, tenant: T) -> Place<T> {
        let shares = Arc::clone(self);
        Place { shares, tenant }
    }

    /// Serves those who wait, as far as there are places for them.
    fn serve(self: &Arc<Self>) {
        loop {
            let (give, place) = {
                let mut state = self.state();
                let Some((tenant, give)) = state.next() else {
                    return;
                };
                state.take(tenant);
                (give, self.occupied(tenant))
            };
            // A caller that was dropped meanwhile gives it back at once.
            drop(give.send(place));
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

    /// Whether a tenant that holds this many may have one more. The last free place is for a tenant
    /// that has none.
    fn is_within(&self, share: &Share<T>) -> bool {
        if share.held == 0 {
            return self.free > 0;
        }
        let most = match self.active.count() {
            0 | 1 => self.all,
            count => self.all / (DIVIDED * count),
        };
        self.free > 1 && share.held < most.min(self.free.saturating_mul(RATIO))
    }

    fn take(&mut self, tenant: T) {
        self.free -= 1;
        self.tenants.entry(tenant).or_default().held += 1;
    }

    /// Whose turn it is, taken out of the queue.
    fn next(&mut self) -> Option<(T, oneshot::Sender<Place<T>>)> {
        for share in self.tenants.values_mut() {
            while share
                .waiting
                .front()
                .is_some_and(|(_, give)| give.is_closed())
            {
                share.waiting.pop_front();
            }
        }
        self.tenants
            .retain(|_, share| share.held > 0 || !share.waiting.is_empty());
        let waiting = self
            .tenants
            .iter()
            .filter(|(_, share)| self.is_within(share));
        let waiting = waiting.filter_map(|(tenant, share)| {
            let (since, _) = share.waiting.front()?;
            Some((share.held, *since, *tenant))
        });
        let (.., tenant) = waiting.min_by_key(|(held, since, _)| (*held, *since))?;
        let (_, give) = self.tenants.get_mut(&tenant)?.waiting.pop_front()?;
        Some((tenant, give))
    }
}

impl<T: Owner> Drop for Place<T> {
    fn drop(&mut self) {
        let mut state = self.shares.state();
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
            self.shares.serve();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn now(shares: &Arc<Shares<u8>>, tenant: u8) -> Option<Place<u8>> {
        shares.place(tenant).now_or_never()
    }

    #[test]
    fn a_share_is_left_for_others() {
        let shares = Shares::new(16);
        let first: Vec<_> = (0..16).filter_map(|_| now(&shares, 1)).collect();
        assert_eq!(first.len(), 12);
        let second: Vec<_> = (0..16).filter_map(|_| now(&shares, 2)).collect();
        assert_eq!(second.len(), 3);
        assert!(now(&shares, 3).is_some());
    }

    #[test]
    fn beside_others_a_tenant_has_fewer() {
        let shares = Shares::new(16);
        let mut first: Vec<_> = (0..16).filter_map(|_| now(&shares, 1)).collect();
        let other = now(&shares, 2);
        first.truncate(5);
        assert!(now(&shares, 1).is_none(), "half of half is enough");
        first.truncate(3);
        assert!(now(&shares, 1).is_some());
        drop(other);
        assert!(now(&shares, 2).is_some());
    }

    #[test]
    fn who_holds_the_fewest_is_served_first() {
        let shares = Shares::new(3);
        let (one, two) = (now(&shares, 1), now(&shares, 1));
        assert!(one.is_some() && two.is_some());
        let mut more = Box::pin(shares.place(1));
        assert!(
            (&mut more).now_or_never().is_none(),
            "one place is left for others"
        );
        let last = now(&shares, 2);
        assert!(last.is_some());
        let mut other = Box::pin(shares.place(3));
        assert!((&mut other).now_or_never().is_none());
        // One that has gone away meanwhile takes nothing from anybody.
        assert!(now(&shares, 4).is_none());
        drop(one);
        let other = (&mut other).now_or_never();
        assert!(other.is_some());
        assert!((&mut more).now_or_never().is_none());
        drop(two);
        assert!(more.now_or_never().is_some());
        drop((last, other));
        assert!(shares.state().tenants.is_empty());
        assert_eq!(shares.state().free, 3);
    }

    #[tokio::test]
    async fn everybody_is_served_in_the_end() {
        let shares = Shares::new(3);
        let tasks = (0..300u32).map(|number| {
            let shares = Arc::clone(&shares);
            tokio::spawn(async move {
                let _place = shares.place((number % 7) as u8).await;
                tokio::task::yield_now().await;
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("it is served");
        }
        assert_eq!(shares.state().free, 3);
    }
}
