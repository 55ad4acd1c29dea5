//! How many tenants are active.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// A tenant is active for as long, and up to twice as long, after it asked for something.
const PERIOD: Duration = Duration::from_secs(1);

/// The tenants that asked for something lately, in two periods: the present one and the one before.
pub(crate) struct Active<T> {
    begun: Instant,
    now: HashSet<T>,
    before: HashSet<T>,
}

impl<T: Eq + Hash> Active<T> {
    /// No tenant is active yet.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            now: HashSet::new(),
            before: HashSet::new(),
        }
    }

    /// Notes that this tenant asks for something.
    pub(crate) fn note(&mut self, tenant: T) {
        let elapsed = self.begun.elapsed();
        if elapsed >= PERIOD {
            self.before = std::mem::take(&mut self.now);
            if elapsed >= 2 * PERIOD {
                self.before.clear();
            }
            self.begun = Instant::now();
        }
        self.now.insert(tenant);
    }

    /// How many tenants were active in the period that had more.
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
        active.note(1);
        active.note(2);
        active.note(2);
        assert_eq!(active.count(), 2);
        active.begun -= PERIOD;
        active.note(1);
        assert_eq!(active.count(), 2, "of the period before");
        active.begun -= PERIOD;
        active.note(1);
        assert_eq!(active.count(), 1);
        active.begun -= 3 * PERIOD;
        active.note(3);
        assert_eq!(active.count(), 1);
    }
}
