//! Repeats calls that lost a race with another change.

use scimlet::plugin::AdminError;

/// The most attempts of a call.
const ATTEMPTS: u32 = 5;

/// Repeats a call that returns [`AdminError::Stale`].
pub(super) async fn when_stale<T>(
    call: impl AsyncFn() -> Result<T, AdminError>,
) -> Result<T, AdminError> {
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(AdminError::Stale) => {}
            answer => return answer,
        }
    }
    call().await
}
