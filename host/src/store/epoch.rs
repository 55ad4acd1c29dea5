//! The epoch of a tenant's feed. Whoever puts an older copy of a database in its place begins a new
//! one: events that followed the copy are gone, and their numbers will be given to others. The
//! epoch is raised then, so that a follower who comes with a number from before is told, and misses
//! nothing in silence.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Channel, Database, DatabaseError, Event, Refusal, Store, Write};

/// The memo that holds a tenant's.
const MEMO: &str = "feed-epoch";

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// Names it: 16 hexadecimal digits, by chance, so that a copy that is restored twice begins
    /// two.
    pub id: String,
    /// The number of the newest event when it began.
    pub start: u64,
    /// Numbers up to this one mean what they meant in the first epoch, and so do not tell by
    /// themselves which they are from; `None` in the first, where all do.
    pub common: Option<u64>,
}

impl Epoch {
    fn new(start: u64, common: Option<u64>) -> Result<Self, Refusal> {
        let mut id = [0; 8];
        let unavailable = |error| Refusal::Unavailable(format!("no random numbers: {error}"));
        getrandom::fill(&mut id).map_err(unavailable)?;
        Ok(Self {
            id: HEXLOWER.encode(&id),
            start,
            common,
        })
    }

    /// The epoch of a tenant. Its first begins when it is asked for first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of(store: &dyn Store) -> Result<Self, Refusal> {
        loop {
            if let Some(text) = read(store).await? {
                return parse(&text);
            }
            let first = Self::new(0, None)?;
            if first.replace(store, None).await? {
                return Ok(first);
            }
        }
    }

    /// Begins the next epoch of a tenant behind its newest event, and says so in its audit as
    /// `feed-epoch-raised`. `at` is in milliseconds since 1970.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn raise(store: &dyn Store, at: u64) -> Result<Self, Refusal> {
        loop {
            let before = read(store).await?;
            let newest = store.head().await?.sequence;
            let common = match &before {
                Some(text) => parse(text)?.common,
                None => None,
            };
            let common = common.map_or(newest, |common| common.min(newest));
            let raised = Self::new(newest, Some(common))?;
            if raised.replace(store, before).await? {
                raised.tell(store, at).await?;
                return Ok(raised);
            }
        }
    }

    async fn replace(&self, store: &dyn Store, before: Option<String>) -> Result<bool, Refusal> {
        let text = serde_json::to_string(self);
        let text = text.map_err(|error| Refusal::Invalid(error.to_string()))?;
        let guard = (MEMO.to_owned(), before);
        let change = (MEMO.to_owned(), Some(text));
        store.set_metadata(guard, vec![change]).await
    }

    async fn tell(&self, store: &dyn Store, at: u64) -> Result<(), Refusal> {
        let event = Event {
            channel: Channel::Audit,
            name: "feed-epoch-raised".to_owned(),
            subject: None,
            body: serde_json::json!({ "epoch": self.id, "after": self.start }).to_string(),
        };
        let told = store.commit(at, "host".to_owned(), vec![Write::Append(event)]);
        let told = told.await.map(drop);
        told.map_err(|rejection| rejection.reason)
    }
}

async fn read(store: &dyn Store) -> Result<Option<String>, Refusal> {
    let found = store.metadata(MEMO.to_owned()).await?;
    let exact = found.into_iter().find(|(name, _)| name == MEMO);
    Ok(exact.map(|(_, text)| text))
}

fn parse(text: &str) -> Result<Epoch, Refusal> {
    serde_json::from_str(text)
        .map_err(|error| Refusal::Damaged(format!("the epoch of the feed is none: {error}")))
}

/// Raises the epoch of every tenant's feed; of how many.
pub(super) async fn raise_all(
    database: &(impl Database + ?Sized),
    at: u64,
) -> Result<usize, DatabaseError> {
    let mut raised = 0;
    for tenant in database.tenants().await? {
        let store: Option<Arc<dyn Store>> = database.open(&tenant.name).await?;
        if let Some(store) = store {
            Epoch::raise(&*store, at).await?;
            raised += 1;
        }
    }
    Ok(raised)
}
