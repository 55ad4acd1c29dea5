//! What is due without a request.

use super::Problem;
use crate::port::Ports;

/// Does what is due, and returns when to call again at the latest, in milliseconds since 1970.
pub fn maintain(_: &Ports<'_>) -> Result<Option<u64>, Problem> {
    Ok(None)
}
