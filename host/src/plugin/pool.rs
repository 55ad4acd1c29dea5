//! A pool of idle instances, which serve further requests of their tenant without the cost of a new
//! instance. An instance never serves a second tenant, and one that failed is not kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::store::StoreId;

/// How many instances are pooled, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// The most idle instances of one tenant.
    pub per_tenant: usize,
    /// The most idle instances of all tenants together; never more than half of
    /// [`Limits::concurrency`](super::Limits::concurrency), so that no tenant waits because of the
    /// idle instances of others.
    pub total: usize,
    /// How long an instance stays in the pool without a request.
    pub idle: Duration,
    /// The most bytes of linear memory of an instance that is kept.
    pub memory: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { per_tenant: 16, total: 64, idle: Duration::from_secs(30), memory: 4 << 20 }
    }
}

/// The idle instances of all tenants.
pub(crate) struct InstancePool<T> {
    options: PoolOptions,
    state: Mutex<PoolState<T>>,
}

/// The idle instances, in the order of their last use.
struct PoolState<T> {
    idle: Vec<Idle<T>>,
    swept: bool,
}

struct Idle<T> {
    tenant: StoreId,
    since: Instant,
    instance: T,
}

impl<T: Send + 'static> InstancePool<T> {
    /// An empty pool.
    pub(crate) fn new(options: PoolOptions) -> Arc<Self> {
        let (idle, swept) = (Vec::new(), false);
        Arc::new(Self { options, state: Mutex::new(PoolState { idle, swept }) })
    }

    /// Takes this tenant's most recently used instance, so that the others may expire.
    pub(crate) fn take(&self, tenant: StoreId) -> Option<T> {
        let mut state = self.state();
        let index = state.idle.iter().rposition(|idle| idle.tenant == tenant)?;
        Some(state.idle.remove(index).instance)
    }

    /// Adds an instance of this tenant; a full pool drops its least recently used one. Drops the
    /// instance instead if it has grown too large or its tenant has enough.
    pub(crate) fn put(self: &Arc<Self>, tenant: StoreId, memory: usize, instance: T) {
        if memory > self.options.memory || self.options.total == 0 {
            return;
        }
        let since = Instant::now();
        // Dropped after the lock is released.
        let mut gone = Vec::new();
        let mut state = self.state();
        let of_tenant = |idle: &&Idle<T>| idle.tenant == tenant;
        if state.idle.iter().filter(of_tenant).count() >= self.options.per_tenant {
            drop(state);
            return;
        }
        if state.idle.len() >= self.options.total {
            gone.push(state.idle.remove(0));
        }
        state.idle.push(Idle { tenant, since, instance });
        let is_swept = std::mem::replace(&mut state.swept, true);
        drop(state);
        if !is_swept {
            tokio::spawn(sweep(Arc::downgrade(self), self.options.idle));
        }
    }

    /// Drops instances that were idle for too long. Returns whether any are left.
    fn expire(&self) -> bool {
        let mut state = self.state();
        let idle = self.options.idle;
        let fresh = state.idle.partition_point(|kept| kept.since.elapsed() >= idle);
        let gone: Vec<_> = state.idle.drain(..fresh).collect();
        state.swept = !state.idle.is_empty();
        let is_swept = state.swept;
        drop(state);
        drop(gone);
        is_swept
    }

    fn state(&self) -> MutexGuard<'_, PoolState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Expires idle instances until the pool is empty.
async fn sweep<T: Send + 'static>(pool: Weak<InstancePool<T>>, idle: Duration) {
    loop {
        tokio::time::sleep(idle).await;
        if !pool.upgrade().is_some_and(|pool| pool.expire()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: StoreId = StoreId::new(1, 1);
    const THERE: StoreId = StoreId::new(1, 2);

    fn pool() -> Arc<InstancePool<Arc<u32>>> {
        InstancePool::new(PoolOptions {
            per_tenant: 2,
            total: 3,
            idle: Duration::from_millis(20),
            memory: 100,
        })
    }

    #[tokio::test]
    async fn an_instance_comes_back_to_its_own_tenant_alone() {
        let pool = pool();
        pool.put(HERE, 1, Arc::new(7));
        assert_eq!(pool.take(THERE), None);
        assert_eq!(pool.take(StoreId::new(2, 1)), None);
        assert_eq!(pool.take(HERE).as_deref(), Some(&7));
        assert_eq!(pool.take(HERE), None);
    }

    #[tokio::test]
    async fn no_more_are_kept_than_allowed_and_none_that_has_grown() {
        let pool = pool();
        pool.put(HERE, 101, Arc::new(0));
        assert_eq!(pool.take(HERE), None);
        for n in 1..=3 {
            pool.put(HERE, 1, Arc::new(n));
        }
        // The third was one too many for the tenant; the fourth and fifth replace the oldest ones.
        pool.put(THERE, 1, Arc::new(4));
        pool.put(THERE, 1, Arc::new(5));
        assert_eq!(pool.take(HERE).as_deref(), Some(&2));
        assert_eq!(pool.take(HERE), None);
        assert_eq!(pool.take(THERE).as_deref(), Some(&5));
        assert_eq!(pool.take(THERE).as_deref(), Some(&4));
    }

    #[tokio::test]
    async fn what_is_idle_is_let_go_without_any_request() {
        let pool = pool();
        let instance = Arc::new(1);
        pool.put(HERE, 1, Arc::clone(&instance));
        while Arc::strong_count(&instance) > 1 {
            tokio::task::yield_now().await;
        }
        // The next instance expires too.
        pool.put(HERE, 1, Arc::clone(&instance));
        while Arc::strong_count(&instance) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
