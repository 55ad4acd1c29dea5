//! The time and random bytes of the running call, which came with it, and what else it says.

use std::cell::{Cell, RefCell};

use chacha20::cipher::{KeyIvInit, StreamCipher};
use chacha20::{ChaCha20, Key, Nonce};

/// A key of ChaCha20 (RFC 8439).
pub type Seed = [u8; 32];

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static APPLICATION: Cell<bool> = const { Cell::new(false) };
    static RANDOM: RefCell<Option<ChaCha20>> = const { RefCell::new(None) };
}

/// Sets the time, in milliseconds since 1970, and the seed of the random bytes.
pub fn set(now: u64, seed: &Seed) {
    NOW.set(now);
    let cipher = ChaCha20::new(&Key::from(*seed), &Nonce::default());
    RANDOM.with_borrow_mut(|random| *random = Some(cipher));
}

/// Sets whether the application hears of changes.
pub fn set_application(has: bool) {
    APPLICATION.set(has);
}

/// Returns whether the application hears of changes.
pub fn has_application() -> bool {
    APPLICATION.get()
}

/// Forgets the seed.
pub fn clear() {
    RANDOM.with_borrow_mut(|random| *random = None);
}

/// Returns the call's time in milliseconds since 1970.
pub fn now() -> u64 {
    NOW.get()
}

/// Fills the buffer with the next bytes of the key stream, whose nonce is zero and whose block
/// counter starts at 0.
pub fn fill(buffer: &mut [u8]) {
    buffer.fill(0);
    RANDOM.with_borrow_mut(|random| {
        let random = random.as_mut().expect("functions that need random bytes have a seed");
        random.apply_keystream(buffer);
    });
}
