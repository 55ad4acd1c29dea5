//! How long tests run that can run for any time: numbers from the environment.

use anyhow::Context;

/// Returns the number in `SCIMLET_ROUNDS`, or the default.
///
/// # Errors
/// If it is no number.
pub fn rounds(default: u64) -> anyhow::Result<u64> {
    Ok(number("SCIMLET_ROUNDS")?.unwrap_or(default))
}

/// A number from the environment.
///
/// # Errors
/// If it is none.
pub fn number(name: &str) -> anyhow::Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.parse().with_context(|| format!("{name}={text}"))?)),
        Err(_) => Ok(None),
    }
}
