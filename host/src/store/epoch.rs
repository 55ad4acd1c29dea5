//! The epoch of a tenant's event feed. Restoring an older copy of a database loses the events that
//! followed the copy, and new events get their numbers. So the epoch is raised then: a client that
//! follows the feed with an earlier position is told, and misses nothing silently.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Database, DatabaseError, HostMetadata, Refusal, Store, TenantStorage, host_event};

/// The name of the metadata entry that holds a tenant's epoch.
const METADATA_NAME: &str = "feed-epoch";

/// An epoch of a tenant's event feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Epoch {
    /// The epoch's name: 16 random hexadecimal digits, so that a copy that is restored twice begins
    /// two different epochs.
    pub id: String,
    /// The sequence number of the newest event when the epoch began.
    pub start: u64,
    /// Events up to this number are those of the first epoch too, so their numbers alone do not
    /// tell which epoch they are from; `None` in the first epoch, where this holds for all events.
    pub common: Option<u64>,
}

impl Epoch {
    fn new(start: u64, common: Option<u64>) -> Result<Self, Refusal> {
        let mut id = [0; 8];
        let unavailable = |error| Refusal::Unavailable(format!("no random numbers: {error}"));
        getrandom::fill(&mut id).map_err(unavailable)?;
        Ok(Self { id: HEXLOWER.encode(&id), start, common })
    }

    /// Returns the epoch of a tenant. The first call begins the first epoch.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of(store: &dyn HostMetadata) -> Result<Self, Refusal> {
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

    /// Begins the next epoch of a tenant after its newest event, and records that in the audit log
    /// as `feed-epoch-raised`. `at` is in milliseconds since 1970.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn raise(store: &dyn TenantStorage, at: u64) -> Result<Self, Refusal> {
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
                raised.record(store, at).await?;
                return Ok(raised);
            }
        }
    }

    async fn replace(
        &self,
        store: &dyn HostMetadata,
        before: Option<String>,
    ) -> Result<bool, Refusal> {
        let text = serde_json::to_string(self);
        let text = text.map_err(|error| Refusal::Invalid(error.to_string()))?;
        let guard = (METADATA_NAME.to_owned(), before);
        let change = (METADATA_NAME.to_owned(), Some(text));
        store.set_metadata(guard, vec![change]).await
    }

    async fn record(&self, store: &dyn Store, at: u64) -> Result<(), Refusal> {
        let data = serde_json::json!({ "epoch": self.id, "after": self.start });
        let recorded = host_event::append(store, at, "feed-epoch-raised", &data).await;
        recorded.map_err(|rejection| rejection.reason)
    }
}

async fn read(store: &dyn HostMetadata) -> Result<Option<String>, Refusal> {
    let found = store.metadata(METADATA_NAME.to_owned()).await?;
    let exact = found.into_iter().find(|(name, _)| name == METADATA_NAME);
    Ok(exact.map(|(_, text)| text))
}

fn parse(text: &str) -> Result<Epoch, Refusal> {
    serde_json::from_str(text)
        .map_err(|error| Refusal::Damaged(format!("the epoch of the feed is none: {error}")))
}

/// Raises the epoch of every tenant's feed. Returns the number of tenants.
pub(super) async fn raise_all(
    database: &(impl Database + ?Sized),
    at: u64,
) -> Result<usize, DatabaseError> {
    let mut raised = 0;
    for tenant in database.tenants().await? {
        let store = database.open(&tenant.name).await?;
        if let Some(store) = store {
            Epoch::raise(&*store, at).await?;
            raised += 1;
        }
    }
    Ok(raised)
}
