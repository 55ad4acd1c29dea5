//! Reading a tenant's events one page after another, and waiting where they end.

use std::sync::Arc;

use super::bell::{Bell, Listener};
use crate::store::{RecordedEvent, Refusal, Store};

/// Events of one page.
const PAGE: u32 = 500;

/// A place in a tenant's events.
pub struct Follower {
    store: Arc<dyn Store>,
    listener: Listener,
    after: u64,
}

impl Follower {
    /// Begins behind the event of this number; 0 is before the first.
    #[must_use]
    pub fn new(bell: &Bell, tenant: &str, store: Arc<dyn Store>, after: u64) -> Self {
        Self {
            store,
            listener: bell.listen(tenant),
            after,
        }
    }

    /// The number of the last event that was read.
    #[must_use]
    pub fn after(&self) -> u64 {
        self.after
    }

    /// The events that follow, of both channels, in their order; none if there are none yet.
    ///
    /// # Errors
    /// If the store fails; the place stays.
    pub async fn read(&mut self) -> Result<Vec<RecordedEvent>, Refusal> {
        // Most of the time there is nothing new, and this is the cheaper question.
        if self.store.head().await?.sequence <= self.after {
            return Ok(Vec::new());
        }
        let events = self.store.events(self.after, PAGE).await?;
        if let Some(last) = events.last() {
            self.after = last.sequence;
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
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, Refusal> {
        loop {
            let events = self.read().await?;
            if !events.is_empty() {
                return Ok(events);
            }
            self.wait().await;
        }
    }
}
