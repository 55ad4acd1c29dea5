//! Durations such as `600d`, as profiles write them.

use serde_json::Value;

pub use scimlet_lifetime::{Lifetime, LifetimeError};

use crate::json::{self, Decode, DecodeError};

impl Decode for Lifetime {
    fn initial() -> Self {
        Self::DAY
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        let text: String = json::from_value(value)?;
        *self = text.parse().map_err(|error: LifetimeError| DecodeError::new(error.to_string()))?;
        Ok(())
    }
}
