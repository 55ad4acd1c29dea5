//! The queue of the writer thread: one queue for each tenant, served round-robin, so that no tenant
//! waits behind all that another has queued.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The owner of a job: a tenant's row id, or `None` for the host itself.
pub(super) type Owner = Option<i64>;

/// The queues of all owners. Their lengths are bounded only by the number of callers that wait.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    /// Waiting jobs by owner; an empty queue is removed.
    waiting: HashMap<Owner, VecDeque<T>>,
    /// The owners with waiting jobs, the next to be served first.
    round_robin: VecDeque<Owner>,
    closed: bool,
}

/// The result of taking a job from the queues.
pub(super) enum Next<T> {
    /// A waiting job.
    Job(T),
    /// No job waits now.
    Nothing,
    /// No job waits and the queue is closed.
    Closed,
}

impl<T> Next<T> {
    /// Returns the job, if there is one.
    pub(super) fn job(self) -> Option<T> {
        match self {
            Self::Job(job) => Some(job),
            Self::Nothing | Self::Closed => None,
        }
    }
}

impl<T> Queue<T> {
    /// Returns an empty queue.
    pub(super) fn new() -> Self {
        let (waiting, round_robin, closed) = (HashMap::new(), VecDeque::new(), false);
        Self { state: Mutex::new(State { waiting, round_robin, closed }), arrived: Condvar::new() }
    }

    /// Appends a job to its owner's queue. Returns `false` if the queue is closed.
    pub(super) fn push(&self, owner: Owner, job: T) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        let waiting = state.waiting.entry(owner).or_default();
        waiting.push_back(job);
        if waiting.len() == 1 {
            state.round_robin.push_back(owner);
        }
        self.arrived.notify_one();
        true
    }

    /// Takes the next job without waiting.
    pub(super) fn next(&self) -> Next<T> {
        self.state().next()
    }

    /// Waits until there is a job or the queue is closed.
    pub(super) fn wait(&self) -> Next<T> {
        let mut state = self.state();
        loop {
            match state.next() {
                Next::Nothing => {
                    let woken = self.arrived.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
                next => return next,
            }
        }
    }

    /// Waits at most `time` for a job; returns `Nothing` after that.
    pub(super) fn wait_for(&self, time: Duration) -> Next<T> {
        let mut state = self.state();
        match state.next() {
            Next::Nothing => {
                let woken = self.arrived.wait_timeout(state, time);
                woken.unwrap_or_else(PoisonError::into_inner).0.next()
            }
            next => next,
        }
    }

    /// Closes the queue to new jobs; waiting jobs can still be taken.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn next(&mut self) -> Next<T> {
        let owner = self.round_robin.pop_front();
        let job = owner.and_then(|owner| self.waiting.get_mut(&owner)?.pop_front());
        let (Some(owner), Some(job)) = (owner, job) else {
            return match self.closed {
                true => Next::Closed,
                false => Next::Nothing,
            };
        };
        if self.waiting.get(&owner).is_some_and(VecDeque::is_empty) {
            self.waiting.remove(&owner);
        } else {
            self.round_robin.push_back(owner);
        }
        Next::Job(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_in_turn() {
        let queue = Queue::new();
        for number in 0..3 {
            assert!(queue.push(Some(1), ("busy", number)));
        }
        assert!(queue.push(Some(2), ("quiet", 0)));
        assert!(queue.push(None, ("host", 0)));
        queue.close();
        assert!(!queue.push(Some(2), ("late", 0)));
        let mut order = Vec::new();
        while let Next::Job(job) = queue.wait() {
            order.push(job);
        }
        let round_robin = [("busy", 0), ("quiet", 0), ("host", 0), ("busy", 1), ("busy", 2)];
        assert_eq!(order, round_robin);
    }
}
