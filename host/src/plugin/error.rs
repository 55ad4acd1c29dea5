//! How running the component can fail. Clients see only the incident id of such a failure.

use uuid::Uuid;

use super::limits::LimitExceeded;

/// The component could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("the component cannot be loaded: {0}")]
pub struct LoadError(#[source] pub(super) WasmError);

/// An error of wasmtime, or of the component that it ran.
#[derive(Debug)]
pub struct WasmError(wasmtime::Error);

impl WasmError {
    pub(crate) fn new(error: wasmtime::Error) -> Self {
        Self(error)
    }

    /// The error as wasmtime gave it, with its causes and the guest's backtrace. Its type changes
    /// with wasmtime's version.
    #[must_use]
    pub fn as_wasmtime(&self) -> &wasmtime::Error {
        &self.0
    }
}

impl std::fmt::Display for WasmError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for WasmError {}

/// A request or call that failed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("request {request}: {cause}")]
#[non_exhaustive]
pub struct PluginError {
    /// The id that all journal entries of the request carry.
    pub request: Uuid,
    /// The cause.
    pub cause: Cause,
}

impl PluginError {
    /// A failure of the request with this id, for a provider of its own.
    #[must_use]
    pub fn new(request: Uuid, cause: Cause) -> Self {
        Self { request, cause }
    }

    /// Returns whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self.cause {
            Cause::Busy | Cause::Limit(LimitExceeded::Deadline) => true,
            Cause::Limit(
                LimitExceeded::Compute | LimitExceeded::Memory | LimitExceeded::Random,
            )
            | Cause::Instantiation(_)
            | Cause::Trap(_)
            | Cause::Response { .. }
            | Cause::Status(_)
            | Cause::Lost => false,
        }
    }
}

/// Why a request failed without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// No instance became free within the time that a request may take.
    #[error("no instance became free in time")]
    Busy,
    /// No instance could be created.
    #[error("the component could not be instantiated: {0}")]
    Instantiation(WasmError),
    /// The guest trapped: a bug.
    #[error("the component trapped: {0}")]
    Trap(WasmError),
    /// The guest exceeded a limit.
    #[error("the component was stopped: {0}")]
    Limit(#[from] LimitExceeded),
    /// The response is too large.
    #[error("the response has {size} bytes, more than {limit}")]
    Response {
        /// Bytes of the response's body and headers.
        size: usize,
        /// The largest number of bytes allowed.
        limit: usize,
    },
    /// The response's status is not that of a final response (RFC 9110 section 15).
    #[error("the response has the status {0}")]
    Status(u16),
    /// The task that ran the request ended without an answer: a bug of the host.
    #[error("the request was lost")]
    Lost,
}

impl Cause {
    /// Returns the limit that the error stands for, or else the cause that `otherwise` makes of it.
    pub(crate) fn of(error: wasmtime::Error, otherwise: fn(WasmError) -> Self) -> Self {
        match error.downcast_ref::<LimitExceeded>() {
            Some(exceeded) => Self::Limit(*exceeded),
            None => otherwise(WasmError::new(error)),
        }
    }
}
