//! What the database knows of a webhook: how far it has got, who serves it until when, and the
//! events that wait or are dead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::register::failed;
use crate::store::{MetadataEntry, Store};

/// How long writes of other hosts may go unnoticed.
const RECHECK: Duration = Duration::from_secs(2);

/// How long a host that died holds up a webhook, in milliseconds.
pub(super) const LEASE: u64 = 10_000;

/// How far a webhook has got. Every write of what belongs to a webhook
/// is conditional on this metadata entry being unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) url: String,
    /// Of the events up to this number each is delivered, of no interest, or a [`Letter`].
    pub(super) cursor: u64,
    /// Which host serves it.
    pub(super) owner: String,
    /// Until when, in milliseconds since 1970.
    pub(super) until: u64,
    /// Rises when an operator retries deliveries, so that the owner reads them again.
    pub(super) round: u64,
    /// Whether an event was given up and none was delivered since.
    #[serde(default)]
    pub(super) exhausted: bool,
    /// The epoch of the feed that the number is from.
    #[serde(default)]
    pub(super) epoch: String,
}

impl Progress {
    /// Whether a host has the lease. One that ends later than the longest lease was taken by a
    /// clock that was ahead.
    pub(super) fn is_leased(&self, now: u64) -> bool {
        (now.saturating_add(1)..=now.saturating_add(LEASE)).contains(&self.until)
    }
}

/// An event that could not be delivered yet, or waits behind one about the same resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDelivery {
    /// The event's number.
    pub sequence: u64,
    /// The resource that it is about.
    pub subject: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried first, in milliseconds since 1970; 0 if it was not yet.
    pub first: u64,
    /// When it will be tried next.
    pub next: u64,
    /// Why it was not delivered.
    pub error: String,
    /// Whether it was given up. What comes after it for the same resource is given up with it, so
    /// that nothing is delivered out of order later.
    pub dead: bool,
}

/// Identifies a webhook in the metadata: a profile has no two webhooks with one URL.
pub(super) fn id(url: &str) -> String {
    let digest = Sha256::digest(url.as_bytes());
    HEXLOWER.encode(digest.get(..16).unwrap_or_default())
}

/// The name of the metadata entry that holds a webhook's progress.
pub(super) fn progress_name(id: &str) -> String {
    format!("webhook/{id}")
}

/// The prefix of the names of a webhook's pending deliveries. `letter` is what earlier versions wrote.
pub(super) fn pending_prefix(id: &str) -> String {
    format!("letter/{id}/")
}

/// The name of the metadata entry that holds a pending delivery.
pub(super) fn pending_name(id: &str, sequence: u64) -> String {
    format!("letter/{id}/{sequence:020}")
}

/// A value as the text of a metadata entry.
pub(super) fn text(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A webhook's state in the database, as it was read or written last.
pub(super) struct DeliveryState {
    pub(super) id: String,
    /// The text of the progress entry as it was read or written last.
    text: String,
    pub(super) progress: Progress,
    /// When it was last compared with the database.
    looked: Instant,
}

impl DeliveryState {
    /// Reads it; `None` if there is none.
    pub(super) async fn open(store: &dyn Store, url: &str) -> anyhow::Result<Option<Self>> {
        let id = id(url);
        let Some(text) = read(store, &id).await? else {
            return Ok(None);
        };
        let progress = parse(&text)?;
        Ok(Some(Self {
            id,
            text,
            progress,
            looked: Instant::now(),
        }))
    }

    /// Whether nobody has written it since, up to a moment ago: for a webhook that has nothing to
    /// do.
    pub(super) async fn is_current(&mut self, store: &dyn Store) -> anyhow::Result<bool> {
        if self.looked.elapsed() < RECHECK {
            return Ok(true);
        }
        self.looked = Instant::now();
        Ok(read(store, &self.id).await?.as_ref() == Some(&self.text))
    }

    /// All pending, by number.
    pub(super) async fn pending(
        &self,
        store: &dyn Store,
    ) -> anyhow::Result<BTreeMap<u64, PendingDelivery>> {
        let memos = store
            .metadata(pending_prefix(&self.id))
            .await
            .map_err(failed)?;
        let pending = memos.iter().map(|(_, text)| {
            let delivery: PendingDelivery = parse(text)?;
            Ok((delivery.sequence, delivery))
        });
        pending.collect()
    }

    /// Writes the progress and what goes with it; false, and nothing, if somebody else has written
    /// meanwhile.
    pub(super) async fn write(
        &mut self,
        store: &dyn Store,
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

async fn read(store: &dyn Store, id: &str) -> anyhow::Result<Option<String>> {
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
        let lease = |until| Progress {
            url: String::new(),
            cursor: 0,
            owner: "other".to_owned(),
            until,
            round: 0,
            exhausted: false,
            epoch: String::new(),
        };
        let now = 1_000_000;
        assert!(lease(now + 1).is_leased(now) && lease(now + LEASE).is_leased(now));
        assert!(!lease(now).is_leased(now));
        // The clock was set back ten minutes.
        assert!(!lease(now + 600_000).is_leased(now));
    }
}
