//! Reading a tenant's events one page after another, and waiting where they end.

use std::sync::Arc;

use super::commit_notifier::{CommitNotifier, Subscription};
use super::position::{FeedPosition, FollowError, PositionLost, event_id};
use crate::store::{ChainHead, Epoch, RecordedEvent, Refusal, Store, hash_chain};

/// Events of one page.
const PAGE: u32 = 500;

/// A place in a tenant's events. What is read goes on from there in one chain: if the event there
/// is not the one that was read, because an older copy of the database was put in its place, that
/// is an error.
pub struct Follower {
    store: Arc<dyn Store>,
    listener: Subscription,
    /// Where it is to begin, until that was looked at.
    begin: Option<FeedPosition>,
    after: ChainHead,
}

impl Follower {
    /// Begins at this place.
    #[must_use]
    pub fn new(
        bell: &CommitNotifier,
        tenant: &str,
        store: Arc<dyn Store>,
        begin: FeedPosition,
    ) -> Self {
        let after = ChainHead {
            sequence: begin.number,
            ..ChainHead::START
        };
        Self {
            store,
            listener: bell.subscribe(tenant),
            begin: Some(begin),
            after,
        }
    }

    /// The number of the last event that was read.
    #[must_use]
    pub fn after(&self) -> u64 {
        self.after.sequence
    }

    /// The id of the last event that was read, which a follower may come back with; `0` before the
    /// first.
    #[must_use]
    pub fn place(&self) -> String {
        id(self.after)
    }

    /// The epoch of the feed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn epoch(&self) -> Result<Epoch, Refusal> {
        Epoch::of(&*self.store).await
    }

    /// Looks whether the place at which it is to begin is in the feed, unless it has.
    ///
    /// # Errors
    /// If it is not, or the store fails.
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

    /// The digest of an event; `None` if there is none of this number.
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

    /// The events that follow, of both channels, in their order; none if there are none yet.
    ///
    /// # Errors
    /// If its place is not in the feed, or the store fails; the place stays.
    pub async fn read(&mut self) -> Result<Vec<RecordedEvent>, FollowError> {
        // Most of the time there is nothing new, and this is the cheaper question.
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
            self.after = ChainHead {
                sequence: last.sequence,
                digest: last.digest,
            };
        }
        Ok(events)
    }

    /// Returns when there may be more. Safe to cancel.
    pub async fn wait(&mut self) {
        self.listener.wait().await;
    }

    /// The events that follow, waiting for the first of them. Safe to cancel.
    ///
    /// # Errors
    /// As [`Follower::read`].
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
