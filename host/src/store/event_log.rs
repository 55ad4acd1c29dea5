//! [`EventLog`]: a tenant's events as they are read, for the feed, for webhooks and for audits.

use async_trait::async_trait;

use super::{ChainHead, RecordedEvent, Refusal};

/// The events that a tenant's commits have appended. The component writes them with
/// [`Write::Append`](super::Write::Append) and cannot read them; the event feed, webhooks and the
/// verification of the hash chain do.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Returns the tenant's events with sequence numbers above `after`, in order: at most `limit`,
    /// and at least one if there is one. Only an empty answer means that no more follow.
    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal>;

    /// Returns the end of the event log as the store records it apart from the events, so that a
    /// truncated log shows.
    async fn head(&self) -> Result<ChainHead, Refusal>;
}
