//! The time and the random bytes of one call, as the module derives them from the call's text.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use chacha20::cipher::{KeyIvInit, StreamCipher};
use chacha20::{ChaCha20, Key, Nonce};
use data_encoding::HEXLOWER;
use scimlet::clock::Clock;
use scimlet::plugin::random::Random;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The time of one call, and the seed of its random bytes.
pub struct Moment {
    /// Milliseconds since 1970.
    pub now: u64,
    /// The key of ChaCha20 (RFC 8439) whose key stream the random bytes are.
    pub seed: [u8; 32],
    stream: Mutex<ChaCha20>,
}

impl Moment {
    /// That of the call with this number: a second after the one before, and another seed.
    #[must_use]
    pub fn of(number: u64) -> Self {
        let seed: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        let stream = ChaCha20::new(&Key::from(seed), &Nonce::default());
        Self { now: 1_767_225_600_000 + number * 1000, seed, stream: Mutex::new(stream) }
    }

    /// A call of the function with this time and seed.
    #[must_use]
    pub fn call(&self, function: &str, arguments: &Value) -> String {
        self.call_with([], function, arguments)
    }

    /// Such a call with further members.
    #[must_use]
    pub fn call_with<'m>(
        &self,
        members: impl IntoIterator<Item = (&'m str, Value)>,
        name: &str,
        arguments: &Value,
    ) -> String {
        let seed = self.digits();
        let mut call = json!({"call": name, "now": self.now, "seed": seed, "arguments": arguments});
        for (name, value) in members {
            call[name] = value;
        }
        call.to_string()
    }

    /// The seed as the module reads it.
    #[must_use]
    pub fn digits(&self) -> String {
        HEXLOWER.encode(&self.seed)
    }
}

impl Clock for Moment {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now)
    }
}

impl Random for Moment {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        self.stream.lock().expect("nobody panics with it").apply_keystream(buffer);
        Ok(())
    }
}
