//! A clock and a source of bytes that are the same in every run, so that two engines can be
//! compared byte for byte.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scimlet::clock::Clock;
use scimlet::plugin::random::Random;

/// Reads 2026-01-01T00:00:00Z first, and a second more each time.
#[derive(Debug, Default)]
pub struct SteppingClock(AtomicU64);

impl Clock for SteppingClock {
    fn now(&self) -> Duration {
        Duration::from_secs(1_767_225_600 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Bytes that look random and are not: a multiplicative sequence.
#[derive(Debug, Default)]
pub struct KnownBytes(Mutex<u64>);

impl Random for KnownBytes {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock().expect("nobody panics with it");
        for byte in buffer {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
        Ok(())
    }
}
