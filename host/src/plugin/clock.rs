//! The import `wasi:clocks/wall-clock`.

use std::time::{Duration, SystemTime};

use wasmtime_wasi::p2::bindings::clocks::wall_clock::{Datetime, Host};

pub(crate) use wasmtime_wasi::p2::bindings::clocks::wall_clock::add_to_linker;

use super::state::State;

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

fn datetime(time: Duration) -> Datetime {
    Datetime { seconds: time.as_secs(), nanoseconds: time.subsec_nanos() }
}

impl Host for State {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        Ok(datetime(self.clock.now()))
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(datetime(Duration::from_nanos(1)))
    }
}
