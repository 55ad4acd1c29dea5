//! Instances that are kept between the requests of one tenant, where the operator wants that: they spare the making of a
//! new one. None ever serves a second tenant, and one that failed in any way is not kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::store::Identity;

/// How many instances are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// Kept for one tenant at the same time.
    pub per_tenant: usize,
    /// Kept for all tenants together; never more than half of [`Limits::concurrency`](super::Limits::concurrency), so that no
    /// tenant waits because of what is kept for others.
    pub total: usize,
    /// How long one is kept without a request.
    pub idle: Duration,
    /// Bytes of linear memory: an instance that has grown beyond is not kept.
    pub memory: usize,
}

impl Default for Reuse {
    fn default() -> Self {
        Self {
            per_tenant: 16,
            total: 64,
            idle: Duration::from_secs(30),
            memory: 4 << 20,
        }
    }
}

/// What is kept at the moment.
pub(crate) struct Kept<T> {
    reuse: Reuse,
    shelf: Mutex<Shelf<T>>,
}

/// The one that was used last comes last.
struct Shelf<T> {
    idle: Vec<Idle<T>>,
    swept: bool,
}

struct Idle<T> {
    tenant: Identity,
    since: Instant,
    kept: T,
}

impl<T: Send + 'static> Kept<T> {
    /// Nothing yet.
    pub(crate) fn new(reuse: Reuse) -> Arc<Self> {
        let (idle, swept) = (Vec::new(), false);
        Arc::new(Self {
            reuse,
            shelf: Mutex::new(Shelf { idle, swept }),
        })
    }

    /// One that this tenant used before, the last used first, so that the others may expire.
    pub(crate) fn take(&self, tenant: Identity) -> Option<T> {
        let mut shelf = self.shelf();
        let place = shelf.idle.iter().rposition(|idle| idle.tenant == tenant)?;
        Some(shelf.idle.remove(place).kept)
    }

    /// Keeps one for this tenant, perhaps in place of the one of any tenant that was idle the longest.
    pub(crate) fn put(self: &Arc<Self>, tenant: Identity, memory: usize, kept: T) {
        if memory > self.reuse.memory || self.reuse.total == 0 {
            return;
        }
        let since = Instant::now();
        // Dropped when nobody waits for the lock any more.
        let mut gone = Vec::new();
        let mut shelf = self.shelf();
        let of_tenant = |idle: &&Idle<T>| idle.tenant == tenant;
        if shelf.idle.iter().filter(of_tenant).count() >= self.reuse.per_tenant {
            drop(shelf);
            return;
        }
        if shelf.idle.len() >= self.reuse.total {
            gone.push(shelf.idle.remove(0));
        }
        shelf.idle.push(Idle {
            tenant,
            since,
            kept,
        });
        let is_swept = std::mem::replace(&mut shelf.swept, true);
        drop(shelf);
        if !is_swept {
            tokio::spawn(sweep(Arc::downgrade(self), self.reuse.idle));
        }
    }

    /// Drops what was idle for too long; false when nothing is left to come back for.
    fn expire(&self) -> bool {
        let mut shelf = self.shelf();
        let idle = self.reuse.idle;
        let fresh = shelf
            .idle
            .partition_point(|kept| kept.since.elapsed() >= idle);
        let gone: Vec<_> = shelf.idle.drain(..fresh).collect();
        shelf.swept = !shelf.idle.is_empty();
        let is_swept = shelf.swept;
        drop(shelf);
        drop(gone);
        is_swept
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<T>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Comes back as long as anything is kept.
async fn sweep<T: Send + 'static>(kept: Weak<Kept<T>>, idle: Duration) {
    loop {
        tokio::time::sleep(idle).await;
        if !kept.upgrade().is_some_and(|kept| kept.expire()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Identity = Identity::new(1, 1);
    const THERE: Identity = Identity::new(1, 2);

    fn kept() -> Arc<Kept<Arc<u32>>> {
        Kept::new(Reuse {
            per_tenant: 2,
            total: 3,
            idle: Duration::from_millis(20),
            memory: 100,
        })
    }

    #[tokio::test]
    async fn an_instance_comes_back_to_its_own_tenant_alone() {
        let kept = kept();
        kept.put(HERE, 1, Arc::new(7));
        assert_eq!(kept.take(THERE), None);
        assert_eq!(kept.take(Identity::new(2, 1)), None);
        assert_eq!(kept.take(HERE).as_deref(), Some(&7));
        assert_eq!(kept.take(HERE), None);
    }

    #[tokio::test]
    async fn no_more_are_kept_than_allowed_and_none_that_has_grown() {
        let kept = kept();
        kept.put(HERE, 101, Arc::new(0));
        assert_eq!(kept.take(HERE), None);
        for n in 1..=3 {
            kept.put(HERE, 1, Arc::new(n));
        }
        // The third was one too many for the tenant; the fourth and fifth push out what is oldest of all.
        kept.put(THERE, 1, Arc::new(4));
        kept.put(THERE, 1, Arc::new(5));
        assert_eq!(kept.take(HERE).as_deref(), Some(&2));
        assert_eq!(kept.take(HERE), None);
        assert_eq!(kept.take(THERE).as_deref(), Some(&5));
        assert_eq!(kept.take(THERE).as_deref(), Some(&4));
    }

    #[tokio::test]
    async fn what_is_idle_is_let_go_without_any_request() {
        let kept = kept();
        let instance = Arc::new(1);
        kept.put(HERE, 1, Arc::clone(&instance));
        while Arc::strong_count(&instance) > 1 {
            tokio::task::yield_now().await;
        }
        // And the next is watched too.
        kept.put(HERE, 1, Arc::clone(&instance));
        while Arc::strong_count(&instance) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
