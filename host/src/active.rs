//! Counts the active tenants.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::store::StoreId;

/// The least time that a tenant stays active after a request; at most twice as long.
const PERIOD: Duration = Duration::from_secs(1);

/// Identifies a tenant, or the unknown callers of a name that no tenant has.
pub(crate) trait Owner: Copy + Eq + Hash {
    /// Whether this is a tenant that exists. Requests to names that no tenant has do not reduce
    /// what tenants may use.
    fn is_known(self) -> bool {
        true
    }
}

impl Owner for i64 {}

impl Owner for StoreId {}

/// Stores without an identity count as unknown.
impl Owner for Option<StoreId> {
    fn is_known(self) -> bool {
        self.is_some()
    }
}

#[cfg(test)]
impl Owner for u8 {}

/// The tenants with requests in the current period and in the previous one.
pub(crate) struct Active<T> {
    started: Instant,
    now: HashSet<T>,
    before: HashSet<T>,
}

impl<T: Owner> Active<T> {
    /// Starts without active tenants.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), now: HashSet::new(), before: HashSet::new() }
    }

    /// Records a request of this tenant, if it exists.
    pub(crate) fn note(&mut self, tenant: T) {
        let elapsed = self.started.elapsed();
        if elapsed >= PERIOD {
            self.before = std::mem::take(&mut self.now);
            if elapsed >= 2 * PERIOD {
                self.before.clear();
            }
            self.started = Instant::now();
        }
        if tenant.is_known() {
            self.now.insert(tenant);
        }
    }

    /// Returns the number of active tenants in the period with more of them.
    pub(crate) fn count(&self) -> usize {
        self.now.len().max(self.before.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_forgotten_after_two_periods() {
        let mut active = Active::new();
        active.note(1u8);
        active.note(2);
        active.note(2);
        assert_eq!(active.count(), 2);
        active.started -= PERIOD;
        active.note(1);
        assert_eq!(active.count(), 2, "of the period before");
        active.started -= PERIOD;
        active.note(1);
        assert_eq!(active.count(), 1);
        active.started -= 3 * PERIOD;
        active.note(3);
        assert_eq!(active.count(), 1);
    }
}
