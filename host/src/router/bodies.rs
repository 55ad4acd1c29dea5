//! A budget of bytes for the bodies of all requests that are read or answered, of which each tenant
//! may use a share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::problem::Problem;

/// How long a request may wait for a permit.
const WAIT: Duration = Duration::from_secs(5);
/// The least number of tenants that can use up the budget.
const SHARES: usize = 4;

/// A budget of body bytes. Clones share it.
#[derive(Clone)]
pub(super) struct BodyBudget(Arc<Shared>);

struct Shared {
    /// The bytes of the whole budget.
    all: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_tenant: BTreeMap<String, usize>,
}

/// A permit for the bytes of a body. Dropping it returns them.
pub(super) struct BodyPermit {
    bodies: BodyBudget,
    tenant: String,
    bytes: usize,
}

impl BodyBudget {
    /// Creates a budget of `all` bytes.
    pub(super) fn new(all: usize) -> Self {
        Self(Arc::new(Shared { all, taken: Mutex::default(), freed: Notify::new() }))
    }

    /// Waits for a permit for a body of this size.
    ///
    /// # Errors
    /// 503 if there is none in time.
    pub(super) async fn acquire(&self, tenant: &str, bytes: usize) -> Result<BodyPermit, Problem> {
        let permit = timeout(WAIT, self.wait(tenant, bytes)).await;
        permit.map_err(|_| Problem::busy("too many requests with bodies are being answered"))
    }

    async fn wait(&self, tenant: &str, bytes: usize) -> BodyPermit {
        loop {
            let freed = self.0.freed.notified();
            if let Some(permit) = self.take(tenant, bytes) {
                return permit;
            }
            freed.await;
        }
    }

    /// Takes a permit if the budget and the tenant's share allow it. A body larger than a share
    /// takes the whole share.
    fn take(&self, tenant: &str, bytes: usize) -> Option<BodyPermit> {
        let share = self.0.all / SHARES;
        let bytes = bytes.min(share);
        let mut taken = self.taken();
        let of_tenant = taken.by_tenant.get(tenant).copied().unwrap_or(0);
        if taken.all + bytes > self.0.all || of_tenant + bytes > share {
            return None;
        }
        taken.all += bytes;
        taken.by_tenant.insert(tenant.to_owned(), of_tenant + bytes);
        Some(BodyPermit { bodies: self.clone(), tenant: tenant.to_owned(), bytes })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BodyPermit {
    fn drop(&mut self) {
        let mut taken = self.bodies.taken();
        taken.all -= self.bytes;
        if let Some(of_tenant) = taken.by_tenant.get_mut(&self.tenant) {
            *of_tenant -= self.bytes;
            if *of_tenant == 0 {
                taken.by_tenant.remove(&self.tenant);
            }
        }
        drop(taken);
        self.bodies.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_tenant_has_its_share_and_no_more() {
        let bodies = BodyBudget::new(400);
        let permit = |tenant: &str, bytes| bodies.wait(tenant, bytes).now_or_never();
        let first = permit("acme", 60).unwrap();
        assert!(permit("acme", 41).is_none());
        let second = permit("acme", 40).unwrap();
        assert!(permit("other", 100).is_some());
        drop((first, second));
        assert!(bodies.taken().by_tenant.is_empty());
        let whole = permit("acme", 1000).unwrap();
        assert!(permit("acme", 1).is_none(), "larger than the share");
        drop(whole);
    }

    #[test]
    fn all_tenants_share_one_budget() {
        let bodies = BodyBudget::new(400);
        let mut permits: Vec<BodyPermit> = ["a", "b", "c", "d"]
            .iter()
            .filter_map(|tenant| bodies.wait(tenant, 100).now_or_never())
            .collect();
        assert_eq!(permits.len(), 4);
        let mut waiting = Box::pin(bodies.wait("e", 1));
        assert!((&mut waiting).now_or_never().is_none());
        permits.pop();
        assert!(waiting.now_or_never().is_some(), "permit was given back");
    }
}
