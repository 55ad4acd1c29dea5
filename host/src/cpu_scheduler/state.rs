//! The book of the scheduler: the free processors, what each tenant occupies and has computed, and
//! the queues of waiting tasks.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;

use super::task::SHORT;
use super::{Grant, Tenant};
use crate::active::Active;

/// The most idle tenants whose computed time is remembered.
const REMEMBERED: usize = 1024;

/// The tenants' computing tasks: those that run, and those that wait.
pub(super) struct State {
    all: usize,
    pub(super) free: usize,
    /// The number of processors that each tenant occupies; never 0.
    held: HashMap<Tenant, usize>,
    /// How much work of each tenant computes elsewhere on this machine; never 0.
    pub(super) elsewhere: HashMap<Tenant, usize>,
    active: Active<Tenant>,
    /// The computed time of the tenant that was served last, at which idle tenants start.
    now: Duration,
    /// The computed time of each tenant.
    computed: HashMap<Tenant, Duration>,
    /// Waiting tasks by tenant; an empty queue is removed.
    waiting: HashMap<Tenant, VecDeque<oneshot::Sender<Grant>>>,
}

impl State {
    /// Starts with `count` free processors.
    pub(super) fn new(count: usize) -> Self {
        Self {
            all: count,
            free: count,
            held: HashMap::new(),
            elsewhere: HashMap::new(),
            active: Active::new(),
            now: Duration::ZERO,
            computed: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Records a request of the tenant.
    pub(super) fn note(&mut self, tenant: Tenant) {
        self.active.note(tenant);
    }

    /// Whether any task waits.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Queues a task of the tenant, before its others if it is to be `first`.
    pub(super) fn wait(&mut self, tenant: Tenant, first: bool) -> oneshot::Receiver<Grant> {
        let (sender, granted) = oneshot::channel();
        let queue = self.waiting.entry(tenant).or_default();
        match first {
            true => queue.push_front(sender),
            false => queue.push_back(sender),
        }
        if queue.len() == 1 {
            self.begin(tenant);
        }
        granted
    }

    /// Whether there is a processor for another task of the tenant.
    pub(super) fn may_compute(&self, tenant: Tenant) -> bool {
        if self.free == 0 || self.active.count() <= 1 {
            return self.free > 0;
        }
        let of = |map: &HashMap<Tenant, usize>| map.get(&tenant).copied().unwrap_or_default();
        let (held, elsewhere) = (of(&self.held), of(&self.elsewhere));
        let is_last = self.free == 1 && held > 0;
        let is_too_much = elsewhere > 0 && held + elsewhere >= self.all.saturating_sub(1).max(1);
        !is_last && !is_too_much
    }

    /// Returns the tenant that has computed for the shortest time among those that wait and may
    /// compute.
    pub(super) fn next(&self) -> Option<Tenant> {
        let computed = |tenant: &Tenant| self.computed.get(tenant).copied().unwrap_or_default();
        let waiting = self.waiting.keys().copied();
        waiting.filter(|tenant| self.may_compute(*tenant)).min_by_key(computed)
    }

    /// Takes the tenant's first waiting task out of its queue.
    pub(super) fn take_out(&mut self, tenant: Tenant) -> Option<(Tenant, oneshot::Sender<Grant>)> {
        let queue = self.waiting.get_mut(&tenant)?;
        let sender = queue.pop_front()?;
        if queue.is_empty() {
            self.waiting.remove(&tenant);
        }
        Some((tenant, sender))
    }

    /// Occupies a processor for a task of the tenant, whether or not it has waited.
    pub(super) fn take(&mut self, tenant: Tenant) {
        self.now = self.begin(tenant);
        self.free -= 1;
        *self.held.entry(tenant).or_default() += 1;
    }

    pub(super) fn release(&mut self, tenant: Tenant) {
        self.free += 1;
        decrease(&mut self.held, tenant);
    }

    /// Begins work of the tenant that computes elsewhere.
    pub(super) fn enter(&mut self, tenant: Tenant) {
        self.begin(tenant);
        *self.elsewhere.entry(tenant).or_default() += 1;
    }

    /// Ends work of the tenant that computes elsewhere.
    pub(super) fn leave(&mut self, tenant: Tenant) {
        decrease(&mut self.elsewhere, tenant);
    }

    /// Raises the computed time of a tenant that was idle to where the others are, and returns it.
    fn begin(&mut self, tenant: Tenant) -> Duration {
        let computed = self.computed.entry(tenant).or_default();
        *computed = self.now.max(*computed);
        *computed
    }

    /// Adds what a tenant has computed.
    pub(super) fn charge(&mut self, tenant: Tenant, time: Duration) {
        let now = self.now;
        *self.computed.entry(tenant).or_default() += time;
        if self.computed.len() > REMEMBERED {
            let waiting = &self.waiting;
            self.computed
                .retain(|tenant, computed| waiting.contains_key(tenant) || *computed > now);
        }
    }

    /// Whether another task should compute: one of another tenant, or one of this tenant if this
    /// task has computed for long.
    pub(super) fn is_wanted(&self, tenant: Tenant, computed: Duration) -> bool {
        let others = self.waiting.len() - usize::from(self.waiting.contains_key(&tenant));
        others > 0 || (computed >= SHORT && !self.waiting.is_empty())
    }
}

fn decrease(counts: &mut HashMap<Tenant, usize>, tenant: Tenant) {
    if let Some(count) = counts.get_mut(&tenant) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreId;

    /// Computes without waiting.
    fn compute(state: &mut State, tenant: Tenant, milliseconds: u64) {
        state.take(tenant);
        state.release(tenant);
        state.charge(tenant, Duration::from_millis(milliseconds));
    }

    #[test]
    fn time_alone_is_not_held_against_a_tenant() {
        let (alone, other) = (Some(StoreId::new(1, 1)), Some(StoreId::new(1, 2)));
        let mut state = State::new(1);
        (0..3).for_each(|_| compute(&mut state, alone, 4));
        compute(&mut state, other, 6);
        let _waiting = [state.wait(other, false), state.wait(alone, false)];
        assert_eq!(state.next(), Some(alone), "the other has computed longer since");
    }

    #[test]
    fn long_computing_is_charged_once() {
        let (long, short) = (Some(StoreId::new(1, 1)), Some(StoreId::new(1, 2)));
        let mut state = State::new(2);
        state.take(long);
        (0..2).for_each(|_| compute(&mut state, short, 10));
        state.release(long);
        state.charge(long, Duration::from_millis(15));
        let _waiting = [state.wait(short, false), state.wait(long, false)];
        assert_eq!(state.next(), Some(long), "15 are less than 20");
    }
}
