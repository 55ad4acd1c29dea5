//! The time: what gives it to guests, and what it is for the host itself.

use std::time::{Duration, SystemTime};

/// The source of the time for guests.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time since 1970.
    fn now(&self) -> Duration;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// Returns 1970 if the clock is set to an earlier time.
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// Returns the time of the operating system's clock in milliseconds since 1970, which is how a
/// store takes times; 0 if the clock is set to an earlier time.
#[must_use]
pub fn now() -> u64 {
    u64::try_from(SystemClock.now().as_millis()).unwrap_or(u64::MAX)
}
