//! The import `wasi:clocks/wall-clock`.

use std::time::Duration;

use wasmtime_wasi::p2::bindings::clocks::wall_clock::{Datetime, Host};

pub(crate) use wasmtime_wasi::p2::bindings::clocks::wall_clock::add_to_linker;

use super::state::State;

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
