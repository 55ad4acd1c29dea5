//! What the database knows of a webhook: how far it has got, who serves it until when, and the
//! events that wait or are dead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::start::failed;
use crate::store::{Memo, Store};

/// How long what others write may go unnoticed.
const MOMENT: Duration = Duration::from_secs(2);

/// How long a host that died holds up a webhook, in milliseconds.
pub(super) const LEASE: u64 = 10_000;

/// How far a webhook has got. Every write to what belongs to a webhook is guarded by this memo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) url: String,
    /// Of the events up to this number each is delivered, of no interest, or a [`Letter`].
    pub(super) cursor: u64,
    /// Which host serves it.
    pub(super) owner: String,
    /// Until when, in milliseconds since 1970.
    pub(super) until: u64,
    /// Rises when an operator meddles, so that the owner takes notice.
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

/// An event that could not be delivered, or waits behind such a one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The event's number.
    pub sequence: u64,
    /// Whom it is about.
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

/// Names a webhook in memos: profiles keep no two with one URL.
pub(super) fn id(url: &str) -> String {
    let digest = Sha256::digest(url.as_bytes());
    HEXLOWER.encode(digest.get(..16).unwrap_or_default())
}

/// The memo of a webhook's progress.
pub(super) fn progress_name(id: &str) -> String {
    format!("webhook/{id}")
}

/// What the names of all its letters begin with.
pub(super) fn letters_prefix(id: &str) -> String {
    format!("letter/{id}/")
}

/// The memo of a letter.
pub(super) fn letter_name(id: &str, sequence: u64) -> String {
    format!("letter/{id}/{sequence:020}")
}

/// The text of a memo.
pub(super) fn text(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A webhook's place in the database, as it was read or written last.
pub(super) struct Desk {
    pub(super) id: String,
    /// The guard: the memo to the byte.
    text: String,
    pub(super) progress: Progress,
    /// When it was looked at last.
    looked: Instant,
}

impl Desk {
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
        if self.looked.elapsed() < MOMENT {
            return Ok(true);
        }
        self.looked = Instant::now();
        Ok(read(store, &self.id).await?.as_ref() == Some(&self.text))
    }

    /// All letters, by number.
    pub(super) async fn letters(&self, store: &dyn Store) -> anyhow::Result<BTreeMap<u64, Letter>> {
        let memos = store
            .memos(letters_prefix(&self.id))
            .await
            .map_err(failed)?;
        let letters = memos.iter().map(|(_, text)| {
            let letter: Letter = parse(text)?;
            Ok((letter.sequence, letter))
        });
        letters.collect()
    }

    /// Writes the progress and what goes with it; false, and nothing, if somebody else has written
    /// meanwhile.
    pub(super) async fn write(
        &mut self,
        store: &dyn Store,
        progress: Progress,
        mut changes: Vec<Memo>,
    ) -> anyhow::Result<bool> {
        let (name, new) = (progress_name(&self.id), text(&progress)?);
        changes.push((name.clone(), Some(new.clone())));
        let guard = (name, Some(self.text.clone()));
        let written = store.set_memos(guard, changes).await.map_err(failed)?;
        if written {
            self.text = new;
            self.progress = progress;
        }
        Ok(written)
    }
}

async fn read(store: &dyn Store, id: &str) -> anyhow::Result<Option<String>> {
    let found = store.memos(progress_name(id)).await.map_err(failed)?;
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
