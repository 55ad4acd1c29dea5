//! A webhook's state in the database: its progress, its lease, and its pending deliveries.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::register::failed;
use crate::store::{HostMetadata, MetadataEntry};

/// How long writes of other hosts may go unnoticed.
const RECHECK: Duration = Duration::from_secs(2);

/// The duration of a lease in milliseconds: how long a host that died delays a webhook.
pub(super) const LEASE: u64 = 10_000;

/// The progress of a webhook. Every write to the webhook's state is conditional on this metadata
/// entry being unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) url: String,
    /// When the webhook was added to the profile, in milliseconds since 1970; 0 in what earlier
    /// versions wrote. One that was removed and added again has a new time, and a new progress.
    #[serde(default)]
    pub(super) since: u64,
    /// Each event up to this sequence number is delivered, not wanted, or a [`PendingDelivery`].
    pub(super) cursor: u64,
    /// The id of the host with the lease.
    pub(super) owner: String,
    /// The end of the lease in milliseconds since 1970.
    pub(super) until: u64,
    /// Rises when an operator retries deliveries, so that the owner reads them again.
    pub(super) round: u64,
    /// Whether an event was given up and none was delivered since.
    #[serde(default)]
    pub(super) exhausted: bool,
    /// The epoch of the feed that `cursor` belongs to.
    #[serde(default)]
    pub(super) epoch: String,
    /// Whether a host has found the webhook removed from the profile. `since` then is the time up
    /// to which it is known: one that was added again has a later time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) removed: bool,
}

impl Progress {
    /// The progress of a webhook that was added at the time `since`, before the first event.
    pub(super) fn new(url: &str, since: u64) -> Self {
        Self {
            url: url.to_owned(),
            since,
            cursor: 0,
            owner: String::new(),
            until: 0,
            round: 0,
            exhausted: false,
            epoch: String::new(),
            removed: false,
        }
    }

    /// The state of a webhook that was removed.
    pub(super) fn removed(url: &str, since: u64) -> Self {
        Self { removed: true, ..Self::new(url, since) }
    }

    /// Whether a host has the lease. A lease that ends later than [`LEASE`] from now was taken
    /// while a clock was ahead, and does not count.
    pub(super) fn is_leased(&self, now: u64) -> bool {
        (now.saturating_add(1)..=now.saturating_add(LEASE)).contains(&self.until)
    }
}

/// An event that could not be delivered yet, or that waits for an earlier one about the same
/// resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingDelivery {
    /// The event's sequence number.
    pub sequence: u64,
    /// The path of the resource that the event is about.
    pub subject: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The time of the first attempt in milliseconds since 1970; 0 before it.
    pub first: u64,
    /// The time of the next attempt in milliseconds since 1970.
    pub next: u64,
    /// The reason of the last failure.
    pub error: String,
    /// Whether the event was given up. Later events about the same resource are given up with it,
    /// so that nothing is delivered out of order.
    pub dead: bool,
}

impl PendingDelivery {
    /// Returns the id of the resource, by which events about it are kept in order: the path changes
    /// if the profile moves the endpoint of its type.
    pub(super) fn resource(&self) -> Option<&str> {
        self.subject.as_ref().and_then(|path| path.rsplit('/').next())
    }
}

/// Returns a webhook's id in the metadata: a profile has no two webhooks with the same URL.
pub(super) fn id(url: &str) -> String {
    let digest = Sha256::digest(url.as_bytes());
    HEXLOWER.encode(digest.get(..16).unwrap_or_default())
}

/// Returns the name of the metadata entry with a webhook's progress.
pub(super) fn progress_name(id: &str) -> String {
    format!("webhook/{id}")
}

/// Returns the prefix of the names of a webhook's pending deliveries: `letter`, so that entries of
/// earlier versions are read.
pub(super) fn pending_prefix(id: &str) -> String {
    format!("letter/{id}/")
}

/// Returns the name of the metadata entry of a pending delivery.
pub(super) fn pending_name(id: &str, sequence: u64) -> String {
    format!("letter/{id}/{sequence:020}")
}

/// Serializes a value as the text of a metadata entry.
pub(super) fn text(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A webhook's state, as it was last read from or written to the database.
pub(super) struct DeliveryState {
    pub(super) id: String,
    /// The text of the progress entry as last read or written.
    text: String,
    pub(super) progress: Progress,
    /// When the state was last compared with the database.
    looked: Instant,
}

impl DeliveryState {
    /// Reads the state; `None` if the webhook is not registered, or was removed.
    pub(super) async fn open(store: &dyn HostMetadata, url: &str) -> anyhow::Result<Option<Self>> {
        let found = Self::find(store, url).await?;
        Ok(found.filter(|state| !state.progress.removed))
    }

    /// Reads the state, also of a webhook that was removed.
    pub(super) async fn find(store: &dyn HostMetadata, url: &str) -> anyhow::Result<Option<Self>> {
        let id = id(url);
        let Some(text) = read(store, &id).await? else {
            return Ok(None);
        };
        let progress = parse(&text)?;
        Ok(Some(Self { id, text, progress, looked: Instant::now() }))
    }

    /// Whether the state is unchanged since it was read, up to [`RECHECK`] ago. For a webhook that
    /// has nothing to send.
    pub(super) async fn is_current(&mut self, store: &dyn HostMetadata) -> anyhow::Result<bool> {
        if self.looked.elapsed() < RECHECK {
            return Ok(true);
        }
        self.looked = Instant::now();
        Ok(read(store, &self.id).await?.as_ref() == Some(&self.text))
    }

    /// Returns all pending deliveries by sequence number.
    pub(super) async fn pending(
        &self,
        store: &dyn HostMetadata,
    ) -> anyhow::Result<BTreeMap<u64, PendingDelivery>> {
        let entries = store.metadata(pending_prefix(&self.id)).await.map_err(failed)?;
        let pending = entries.iter().map(|(_, text)| {
            let delivery: PendingDelivery = parse(text)?;
            Ok((delivery.sequence, delivery))
        });
        pending.collect()
    }

    /// Writes the progress together with `changes`. Returns `false`, and writes nothing, if another
    /// host wrote meanwhile.
    pub(super) async fn write(
        &mut self,
        store: &dyn HostMetadata,
        progress: Progress,
        mut changes: Vec<MetadataEntry>,
    ) -> anyhow::Result<bool> {
        let (name, new) = (progress_name(&self.id), text(&progress)?);
        changes.push((name.clone(), Some(new.clone())));
        let guard = (name, Some(self.text.clone()));
        let written = store.set_metadata(guard, changes).await.map_err(failed)?;
        if written {
            self.text = new;
            self.progress = progress;
        }
        Ok(written)
    }
}

async fn read(store: &dyn HostMetadata, id: &str) -> anyhow::Result<Option<String>> {
    let found = store.metadata(progress_name(id)).await.map_err(failed)?;
    Ok(found.into_iter().next().map(|(_, text)| text))
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lease_ends_later_than_its_length() {
        let lease = |until| Progress { owner: "other".to_owned(), until, ..Progress::new("", 0) };
        let now = 1_000_000;
        assert!(lease(now + 1).is_leased(now) && lease(now + LEASE).is_leased(now));
        assert!(!lease(now).is_leased(now));
        // The clock was set back ten minutes.
        assert!(!lease(now + 600_000).is_leased(now));
    }
}
