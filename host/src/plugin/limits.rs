//! The limits of one request, and the meter that enforces them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use cpu_time::ThreadTime;
use tokio::time::timeout_at;
use wasmtime::{ResourceLimiterAsync, UpdateDeadline};

use crate::cpu_scheduler::CpuTask;
use crate::fair_semaphore::{FairPermit, FairSemaphore};
use crate::store::StoreId;

/// The interval at which running guests are interrupted, to be metered and to yield to others,
/// while tasks wait for a processor.
pub const TICK: Duration = Duration::from_micros(500);

/// The interval at which running guests are interrupted while no task waits.
pub const IDLE_TICK: Duration = Duration::from_millis(5);

/// The most random bytes in one call; the guest needs a few dozen.
pub const RANDOM_BYTES: u64 = 64 << 10;

/// The limits of a component instance. An instance that exceeds one is dropped; what it had
/// committed stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The most instances at the same time; further requests wait. Each reserves about 4 GiB of
    /// address space, without using memory, so that the guest's accesses need no bounds checks.
    pub concurrency: u32,
    /// The most bytes of linear memory of an instance. At most 4 GiB.
    pub memory: usize,
    /// Bytes of linear memory that every instance may have. One that needs more, as it does to hash
    /// a password (19 MiB), waits for one of the [`Limits::large`] permits.
    pub small: usize,
    /// The most instances above [`Limits::small`] at the same time, shared between tenants.
    pub large: u32,
    /// The most processor time of a guest between two store calls; time in which other tasks run
    /// does not count.
    pub compute: Duration,
    /// The longest duration of a whole request, including waiting for an instance and for the
    /// store. Reads end then; a commit that has begun is never cancelled.
    pub request: Duration,
    /// The most bytes of a response, including its headers.
    pub response: usize,
    /// The most journal entries of one request; further ones are dropped.
    pub notes: u32,
    /// The most bytes of one journal entry; longer ones are cut.
    pub note: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 64,
            memory: 96 << 20,
            small: 4 << 20,
            large: 4,
            compute: Duration::from_secs(1),
            request: Duration::from_secs(10),
            response: 32 << 20,
            notes: 256,
            note: 4 << 10,
        }
    }
}

/// A limit that a guest exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// The linear memory of an instance.
    #[error("it wanted more memory than an instance may have")]
    Memory,
    /// The processor time between two store calls.
    #[error("it computed for too long without a store call")]
    Compute,
    /// The duration of a whole request.
    #[error("it took longer than a request may take")]
    Deadline,
    /// The random bytes in one call.
    #[error("it wanted more random bytes than one call gives")]
    Random,
}

/// How long the guest may run after a commit, even past the deadline, to report what was committed.
const AFTER_COMMIT: Duration = Duration::from_secs(2);

/// Measures what one instance uses.
pub(crate) struct Meter {
    memory: usize,
    small: usize,
    large: Arc<FairSemaphore<Option<StoreId>>>,
    /// Held from when the instance becomes large until its end.
    large_permit: Option<FairPermit<Option<StoreId>>>,
    grown: usize,
    compute: Duration,
    computed: Duration,
    /// Processor time of the thread, in nanoseconds, when the guest resumed after the last tick; 0
    /// if unknown.
    resumed: Arc<AtomicU64>,
    deadline: Instant,
    /// When the guest must stop: the deadline, or a little later after a commit.
    end: Instant,
    committed: bool,
    pub(crate) computing: Arc<CpuTask>,
}

impl Meter {
    /// Starts a meter. A large instance needs one of the `large` permits.
    pub(crate) fn new(
        limits: &Limits,
        large: Arc<FairSemaphore<Option<StoreId>>>,
        deadline: Instant,
        computing: Arc<CpuTask>,
    ) -> Self {
        Self {
            memory: limits.memory,
            small: limits.small,
            large,
            large_permit: None,
            grown: 0,
            compute: limits.compute,
            computed: Duration::ZERO,
            resumed: Arc::default(),
            deadline,
            end: deadline,
            committed: false,
            computing,
        }
    }

    /// Called at each epoch tick while the guest runs. Counts the processor time that the guest's
    /// thread spent since the last tick; the first tick after a store call counts as a whole
    /// [`TICK`].
    pub(crate) fn tick(&mut self) -> Result<UpdateDeadline, LimitExceeded> {
        self.in_time()?;
        let spent = match self.resumed.load(Ordering::Relaxed) {
            0 => TICK,
            resumed => thread_time().saturating_sub(Duration::from_nanos(resumed)),
        };
        self.computed += spent;
        if self.computed > self.compute {
            return Err(LimitExceeded::Compute);
        }
        let (computing, resumed) = (Arc::clone(&self.computing), Arc::clone(&self.resumed));
        let deadline = self.deadline;
        let yielding = async move {
            // Past the deadline the next tick stops the guest.
            drop(timeout_at(deadline.into(), computing.yield_to_others()).await);
            resumed.store(now_on_thread(), Ordering::Relaxed);
        };
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(yielding)))
    }

    /// Returns the bytes of linear memory that the instance has.
    pub(crate) fn grown(&self) -> usize {
        self.grown
    }

    /// Continues with an instance that the meter `before` measured so far.
    #[must_use]
    pub(crate) fn after(self, before: &Self) -> Self {
        Self { grown: before.grown, ..self }
    }

    pub(crate) fn in_time(&self) -> Result<(), LimitExceeded> {
        if Instant::now() < self.end { Ok(()) } else { Err(LimitExceeded::Deadline) }
    }

    /// Waits for something that may be cancelled at the deadline.
    ///
    /// # Errors
    /// [`LimitExceeded::Deadline`].
    pub(crate) async fn before_deadline<T>(
        &self,
        wait: impl Future<Output = T>,
    ) -> Result<T, LimitExceeded> {
        let outcome = timeout_at(self.deadline.into(), wait).await;
        outcome.map_err(|_| LimitExceeded::Deadline)
    }

    /// Returns whether a commit may begin; `false` if the deadline has passed but an earlier commit
    /// succeeded, so that the guest must still answer.
    ///
    /// # Errors
    /// [`LimitExceeded::Deadline`] if the deadline has passed and nothing was committed.
    pub(crate) fn may_commit(&self) -> Result<bool, LimitExceeded> {
        match (Instant::now() < self.deadline, self.committed) {
            (true, _) => Ok(true),
            (false, true) => Ok(false),
            (false, false) => Err(LimitExceeded::Deadline),
        }
    }

    /// Extends the time after a commit, however long that took, so that the guest can report it.
    pub(crate) fn committed(&mut self) {
        self.committed = true;
        self.end = self.deadline.max(Instant::now() + AFTER_COMMIT);
    }

    /// Waits for a store call, while other tasks may use the processor.
    pub(crate) async fn stored<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let first = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        if let Poll::Ready(answer) = first {
            return answer;
        }
        self.computing.pause();
        let answer = call.await;
        // Past the deadline the next tick or call stops the guest.
        drop(timeout_at(self.deadline.into(), self.computing.begin()).await);
        // The guest may continue on another thread.
        self.resumed.store(now_on_thread(), Ordering::Relaxed);
        answer
    }

    /// Resets the processor time after a store call.
    pub(crate) fn rearm(&mut self) {
        self.computed = Duration::ZERO;
        self.resumed.store(0, Ordering::Relaxed);
    }
}

/// Returns the processor time of this thread in nanoseconds.
fn now_on_thread() -> u64 {
    u64::try_from(thread_time().as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the processor time of this thread.
fn thread_time() -> Duration {
    ThreadTime::now().as_duration()
}

#[async_trait]
impl ResourceLimiterAsync for Meter {
    async fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.memory {
            return Err(LimitExceeded::Memory.into());
        }
        if desired > self.small && self.large_permit.is_none() {
            let permit = self.large.acquire(self.computing.tenant());
            let permit = timeout_at(self.deadline.into(), self.stored(permit)).await;
            self.large_permit = Some(permit.map_err(|_| LimitExceeded::Deadline)?);
        }
        self.grown = desired;
        Ok(true)
    }

    async fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The pool limits tables already.
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(compute: Duration, request: Duration) -> Meter {
        Meter::new(
            &Limits { compute, ..Limits::default() },
            FairSemaphore::new(1),
            Instant::now() + request,
            CpuTask::new(crate::cpu_scheduler::CpuScheduler::new(1), None),
        )
    }

    #[test]
    fn computing_is_bounded_until_the_store_is_called() {
        let mut meter = meter(TICK * 2, Duration::from_secs(60));
        assert!(meter.tick().is_ok());
        assert!(meter.tick().is_ok());
        meter.rearm();
        assert!(meter.tick().is_ok());
        assert!(meter.tick().is_ok());
        assert_eq!(meter.tick().err(), Some(LimitExceeded::Compute));
    }

    #[test]
    fn the_deadline_is_not_rearmed() {
        let mut meter = meter(TICK, Duration::ZERO);
        meter.rearm();
        assert_eq!(meter.tick().err(), Some(LimitExceeded::Deadline));
        assert_eq!(meter.in_time(), Err(LimitExceeded::Deadline));
    }

    #[test]
    fn what_was_committed_is_told_after_the_deadline() {
        let mut meter = meter(TICK, Duration::ZERO);
        assert_eq!(meter.may_commit(), Err(LimitExceeded::Deadline));
        meter.committed();
        assert!(meter.tick().is_ok());
        assert_eq!(meter.in_time(), Ok(()));
        assert_eq!(meter.may_commit(), Ok(false));
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let mut meter = meter(TICK, Duration::from_secs(60));
        assert!(meter.memory_growing(0, 96 << 20, None).await.is_ok());
        assert!(meter.memory_growing(0, (96 << 20) + 1, None).await.is_err());
    }

    #[tokio::test]
    async fn few_are_large_at_once() {
        let mut first = meter(TICK, Duration::from_secs(60));
        let mut second = Meter {
            large: Arc::clone(&first.large),
            deadline: Instant::now() + TICK,
            ..meter(TICK, TICK)
        };
        assert!(first.memory_growing(0, 9 << 20, None).await.is_ok());
        assert!(first.memory_growing(0, 20 << 20, None).await.is_ok());
        assert!(second.memory_growing(0, 4 << 20, None).await.is_ok());
        let late = second.memory_growing(0, 9 << 20, None).await.unwrap_err();
        assert_eq!(late.downcast_ref(), Some(&LimitExceeded::Deadline));
        second.deadline += Duration::from_secs(60);
        drop(first);
        assert!(second.memory_growing(0, 9 << 20, None).await.is_ok());
    }
}
