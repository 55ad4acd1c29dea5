//! Reads a tenant's events page by page, and waits for new ones at the end.

use std::sync::Arc;

use super::commit_notifier::{CommitNotifier, Subscription};
use super::position::{FeedPosition, FollowError, PositionLost, event_id};
use crate::store::{ChainHead, Epoch, RecordedEvent, Refusal, TenantStorage, hash_chain};

/// The most events of one page.
const PAGE: u32 = 500;

/// A position in a tenant's events. Reading continues one hash chain: if the event at the position
/// is not the one that was read, because an older copy of the database was restored, reading fails
/// with [`PositionLost`].
pub struct Follower {
    store: Arc<dyn TenantStorage>,
    subscription: Subscription,
    /// The requested start, until it has been checked.
    begin: Option<FeedPosition>,
    after: ChainHead,
}

impl Follower {
    /// Starts at the position `begin`.
    #[must_use]
    pub fn new(
        notifier: &CommitNotifier,
        tenant: &str,
        store: Arc<dyn TenantStorage>,
        begin: FeedPosition,
    ) -> Self {
        let after = ChainHead { sequence: begin.number, ..ChainHead::START };
        Self { store, subscription: notifier.subscribe(tenant), begin: Some(begin), after }
    }

    /// Returns the sequence number of the last event that was read.
    #[must_use]
    pub fn after(&self) -> u64 {
        self.after.sequence
    }

    /// Returns the id of the last event that was read, from which a later follower can continue;
    /// `0` before the first.
    #[must_use]
    pub fn place(&self) -> String {
        id(self.after)
    }

    /// Returns the epoch of the feed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn epoch(&self) -> Result<Epoch, Refusal> {
        Epoch::of(&*self.store).await
    }

    /// Checks that the start is in the feed, unless that was checked before.
    ///
    /// # Errors
    /// [`FollowError::Lost`] if it is not, [`FollowError::Store`] if the store fails.
    pub async fn check(&mut self) -> Result<(), FollowError> {
        let newest = self.store.head().await?;
        self.check_at(newest).await
    }

    async fn check_at(&mut self, newest: ChainHead) -> Result<(), FollowError> {
        let Some(begin) = &self.begin else {
            return Ok(());
        };
        let Some(digest) = self.digest_of(begin.number, newest).await? else {
            return Err(self.lost(newest).await?.into());
        };
        if !begin.matches(&digest, &self.epoch().await?) {
            return Err(self.lost(newest).await?.into());
        }
        self.after.digest = digest;
        self.begin = None;
        Ok(())
    }

    /// Returns the digest of an event; `None` if no event has this number.
    async fn digest_of(
        &self,
        number: u64,
        newest: ChainHead,
    ) -> Result<Option<hash_chain::Digest>, Refusal> {
        if number == 0 {
            return Ok(Some(hash_chain::START));
        }
        if number >= newest.sequence {
            return Ok((number == newest.sequence).then_some(newest.digest));
        }
        let found = self.store.events(number - 1, 1).await?;
        let found = found.first().filter(|event| event.sequence == number);
        Ok(found.map(|event| event.digest))
    }

    async fn lost(&self, newest: ChainHead) -> Result<PositionLost, Refusal> {
        Ok(PositionLost {
            number: self.after.sequence,
            newest: id(newest),
            epoch: self.epoch().await?.id,
        })
    }

    /// Returns the next events of both channels, in order; an empty list if there are none yet.
    ///
    /// # Errors
    /// [`FollowError::Lost`] if the position is not in the feed, [`FollowError::Store`] if the
    /// store fails; the position stays the same.
    pub async fn read(&mut self) -> Result<Vec<RecordedEvent>, FollowError> {
        // Usually there is nothing new, and reading the head is the cheaper query.
        let newest = self.store.head().await?;
        self.check_at(newest).await?;
        if newest.sequence == self.after.sequence && newest.digest == self.after.digest {
            return Ok(Vec::new());
        }
        if newest.sequence <= self.after.sequence {
            return Err(self.lost(newest).await?.into());
        }
        let events = self.store.events(self.after.sequence, PAGE).await?;
        let is_next =
            |event: &RecordedEvent| hash_chain::digest(&self.after.digest, event) == event.digest;
        if events.first().is_some_and(|first| !is_next(first)) {
            return Err(self.lost(newest).await?.into());
        }
        if let Some(last) = events.last() {
            self.after = ChainHead { sequence: last.sequence, digest: last.digest };
        }
        Ok(events)
    }

    /// Waits until there may be more events. Cancel-safe.
    pub async fn wait(&mut self) {
        self.subscription.wait().await;
    }

    /// Returns the next events, and waits if there are none yet. Cancel-safe.
    ///
    /// # Errors
    /// The errors of [`Follower::read`].
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, FollowError> {
        loop {
            let events = self.read().await?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.wait().await;
        }
    }
}

fn id(head: ChainHead) -> String {
    match head.sequence {
        0 => "0".to_owned(),
        number => event_id(number, &head.digest),
    }
}
