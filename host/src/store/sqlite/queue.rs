//! The queue of the writer thread. A large commit joins no transaction, but begins one of its own,
//! in turn with transactions of small ones, so that a small commit waits for one large one before
//! the next transaction of small ones. Within each size every tenant has a queue, served
//! round-robin, so that no tenant waits behind all that another has queued.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The owner of a job: a tenant's row id, or `None` for the host itself.
pub(super) type Owner = Option<i64>;

/// How much a job writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    /// So much that no other job should wait for it in one transaction.
    Large,
}

/// The queues of all owners. Their lengths are bounded only by the number of callers that wait.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    small: RoundRobin<T>,
    large: RoundRobin<T>,
    /// The size of the job that was taken last to begin a transaction.
    last: Size,
    closed: bool,
}

/// Waiting jobs of one size.
struct RoundRobin<T> {
    /// Waiting jobs by owner; an empty queue is removed.
    waiting: HashMap<Owner, VecDeque<T>>,
    /// The owners with waiting jobs, the next to be served first.
    owners: VecDeque<Owner>,
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

impl<T> Queue<T> {
    /// Returns an empty queue.
    pub(super) fn new() -> Self {
        let (small, large) = (RoundRobin::new(), RoundRobin::new());
        let state = State { small, large, last: Size::Large, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// Appends a job to its owner's queue. Returns `false` if the queue is closed.
    pub(super) fn push(&self, owner: Owner, size: Size, job: T) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        match size {
            Size::Small => state.small.push(owner, job),
            Size::Large => state.large.push(owner, job),
        }
        self.arrived.notify_one();
        true
    }

    /// Takes the job that begins the next transaction, without waiting.
    pub(super) fn next(&self) -> Next<T> {
        self.state().next()
    }

    /// Takes a small job, which joins the transaction that has begun.
    pub(super) fn next_small(&self) -> Option<T> {
        self.state().small.next()
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
        let sizes = match self.last {
            Size::Small => [Size::Large, Size::Small],
            Size::Large => [Size::Small, Size::Large],
        };
        for size in sizes {
            let waiting = match size {
                Size::Small => &mut self.small,
                Size::Large => &mut self.large,
            };
            if let Some(job) = waiting.next() {
                self.last = size;
                return Next::Job(job);
            }
        }
        match self.closed {
            true => Next::Closed,
            false => Next::Nothing,
        }
    }
}

impl<T> RoundRobin<T> {
    fn new() -> Self {
        Self { waiting: HashMap::new(), owners: VecDeque::new() }
    }

    fn push(&mut self, owner: Owner, job: T) {
        let waiting = self.waiting.entry(owner).or_default();
        waiting.push_back(job);
        if waiting.len() == 1 {
            self.owners.push_back(owner);
        }
    }

    fn next(&mut self) -> Option<T> {
        let owner = self.owners.pop_front()?;
        let waiting = self.waiting.get_mut(&owner)?;
        let job = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.owners.push_back(owner);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take<T>(queue: &Queue<T>) -> Option<T> {
        match queue.next() {
            Next::Job(job) => Some(job),
            Next::Nothing | Next::Closed => None,
        }
    }

    fn rest<T>(queue: &Queue<T>) -> Vec<T> {
        std::iter::from_fn(|| take(queue)).collect()
    }

    #[test]
    fn one_of_each_in_turn() {
        let queue = Queue::new();
        for number in 0..3 {
            assert!(queue.push(Some(1), Size::Small, ("busy", number)));
        }
        assert!(queue.push(Some(2), Size::Small, ("quiet", 0)));
        assert!(queue.push(None, Size::Small, ("host", 0)));
        queue.close();
        assert!(!queue.push(Some(2), Size::Small, ("late", 0)));
        let round_robin = [("busy", 0), ("quiet", 0), ("host", 0), ("busy", 1), ("busy", 2)];
        assert_eq!(rest(&queue), round_robin);
    }

    #[test]
    fn a_small_one_waits_for_one_large_one() {
        let queue = Queue::new();
        for job in ["first", "second", "third"] {
            queue.push(Some(1), Size::Large, job);
        }
        assert_eq!(take(&queue), Some("first"));
        queue.push(Some(2), Size::Small, "small");
        queue.push(Some(1), Size::Small, "another");
        queue.push(Some(2), Size::Small, "last");
        assert_eq!(take(&queue), Some("small"));
        assert_eq!(queue.next_small(), Some("another"), "it joins");
        assert_eq!(rest(&queue), ["second", "last", "third"]);
        assert_eq!(queue.next_small(), None);
    }
}
