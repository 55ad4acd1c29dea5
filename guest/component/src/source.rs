//! The time and random bytes: the component's imports of WASI.

/// Returns milliseconds since 1970.
pub fn now() -> u64 {
    let now = wasip2::clocks::wall_clock::now();
    now.seconds * 1000 + u64::from(now.nanoseconds / 1_000_000)
}

/// Returns whether the application hears of changes: always, where the world has it.
#[cfg(feature = "application")]
pub fn has_application() -> bool {
    true
}

/// Fills the buffer with unpredictable bytes.
pub fn fill(buffer: &mut [u8]) {
    let bytes = wasip2::random::random::get_random_bytes(buffer.len() as u64);
    buffer.copy_from_slice(&bytes);
}
