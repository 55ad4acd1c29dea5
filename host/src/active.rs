//! Counts the active tenants.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::store::StoreId;

/// The least time that a tenant stays active after a request; at most twice as long.
const PERIOD: Duration = Duration::from_secs(1);

/// Identifies a tenant, or the unknown callers of a name that no tenant has.
pub(crate) trait Owner: Copy + Eq + Hash {
    /// Returns the tenant that a request of this owner makes active; `None` if no such tenant
    /// exists. Requests to names that no tenant has do not reduce what tenants may use.
    fn tenant(self) -> Option<Self> {
        Some(self)
    }
}

impl Owner for i64 {}

impl Owner for StoreId {}

/// Stores without an identity count as unknown.
impl Owner for Option<StoreId> {
    fn tenant(self) -> Option<Self> {
        self.is_some().then_some(self)
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

    /// Records a request of this owner, if its tenant exists.
    pub(crate) fn note(&mut self, owner: T) {
        let elapsed = self.started.elapsed();
        if elapsed >= PERIOD {
            self.before = std::mem::take(&mut self.now);
            if elapsed >= 2 * PERIOD {
                self.before.clear();
            }
            self.started = Instant::now();
        }
        self.now.extend(owner.tenant());
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
