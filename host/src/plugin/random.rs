//! The import `wasi:random/random`.

use std::io;

use wasmtime_wasi::p2::bindings::random::random::Host;

pub(crate) use wasmtime_wasi::p2::bindings::random::random::add_to_linker;

use super::limits::{LimitExceeded, RANDOM_BYTES};
use super::state::State;

/// The source of random bytes for guests, from which secrets and ids are made.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer with unpredictable bytes.
    ///
    /// # Errors
    /// If there are none; the request fails then.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(|error| io::Error::other(error.to_string()))
    }
}

impl Host for State {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        if len > RANDOM_BYTES {
            return Err(LimitExceeded::Random.into());
        }
        let mut bytes = vec![0; usize::try_from(len)?];
        self.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}
