//! [`HostMetadata`]: what the reference host notes about a tenant.

use async_trait::async_trait;

use super::Refusal;

/// Named texts that the reference host keeps for a tenant, apart from its entries: the epoch of the
/// feed, and the progress of each webhook. The component neither reads nor writes them.
#[async_trait]
pub trait HostMetadata: Send + Sync + 'static {
    /// Returns the host's metadata of the tenant with names that begin with `prefix`, sorted by
    /// name.
    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal>;

    /// Sets metadata entries, or removes those that are `None`. Changes all of them, or none and
    /// returns `false` if the entry `guard` has another value. Acknowledged changes are durable.
    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal>;
}

/// A name and its text; `None` if there is no such entry.
pub type MetadataEntry = (String, Option<String>);
