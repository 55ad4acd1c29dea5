//! How running the component can fail. A client never sees any of it but the incident id.

use uuid::Uuid;

use super::limits::LimitExceeded;

/// The component could not be made ready to run.
#[derive(Debug, thiserror::Error)]
#[error("the component cannot be loaded: {0:#}")]
pub struct LoadError(pub wasmtime::Error);

/// A request or call that came to no answer.
#[derive(Debug, thiserror::Error)]
#[error("request {request}: {cause}")]
pub struct PluginError {
    /// Stands beside everything that the journal has about the request.
    pub request: Uuid,
    /// What happened.
    pub cause: Cause,
}

impl PluginError {
    /// Whether the same request may well succeed later.
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

/// Why a request came to no answer.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// All instances were in use for as long as a request may take.
    #[error("no instance became free in time")]
    Busy,
    /// No instance could be made.
    #[error("the component could not be instantiated: {0:#}")]
    Instantiation(wasmtime::Error),
    /// The guest trapped: a bug.
    #[error("the component trapped: {0:#}")]
    Trap(wasmtime::Error),
    /// A limit was passed.
    #[error("the component was stopped: {0}")]
    Limit(#[from] LimitExceeded),
    /// The response is too large.
    #[error("the response has {size} bytes, more than {limit}")]
    Response {
        /// Bytes of the body and the headers.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The response's status is none of a final response.
    #[error("the response has the status {0}")]
    Status(u16),
    /// The task that ran the request ended without an answer: a bug of the host.
    #[error("the request was lost")]
    Lost,
}

impl Cause {
    /// A limit tells itself by its type, whatever stage it stopped.
    pub(crate) fn of(error: wasmtime::Error, otherwise: fn(wasmtime::Error) -> Self) -> Self {
        match error.downcast_ref::<LimitExceeded>() {
            Some(excess) => Self::Limit(*excess),
            None => otherwise(error),
        }
    }
}
