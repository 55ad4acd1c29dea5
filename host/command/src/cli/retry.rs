//! Once more, when somebody else was faster.

use scimlet::plugin::AdminError;

/// How often a call is made before it is given up.
const ATTEMPTS: u32 = 5;

/// Repeats a call that comes back stale.
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
