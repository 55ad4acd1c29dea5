//! The events of a tenant, read behind the server's back from the file in its folder.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Channel, Database, EventLog, RecordedEvent, TenantStorage, hash_chain};

/// A position in a tenant's events.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// The number of the last event that was read.
    pub sequence: u64,
    digest: hash_chain::Digest,
}

impl Mark {
    /// The position before the first event.
    pub const START: Self = Self { sequence: 0, digest: hash_chain::START };
}

/// The store of a tenant that is there.
///
/// # Errors
/// If it is not, or the file does not open.
pub async fn store(folder: &Path, tenant: &str) -> anyhow::Result<Arc<dyn TenantStorage>> {
    let database = Sqlite::open(folder.join("scimlet.db"))?;
    let store = database.open(tenant).await?;
    store.with_context(|| format!("no tenant `{tenant}`"))
}

/// The events behind the mark, which moves on.
///
/// # Errors
/// If a number is left out or comes twice, or the chain is broken.
pub async fn behind(store: &dyn EventLog, mark: &mut Mark) -> anyhow::Result<Vec<RecordedEvent>> {
    let mut read = Vec::new();
    loop {
        let page = store.events(mark.sequence, 1000).await;
        let page = page.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        if page.is_empty() {
            return Ok(read);
        }
        for event in page {
            let (last, next) = (mark.sequence, event.sequence);
            ensure!(next == last + 1, "event {next} stands behind {last}");
            ensure!(hash_chain::holds(&mark.digest, &event), "the chain is broken at {event:?}");
            *mark = Mark { sequence: next, digest: event.digest };
            read.push(event);
        }
    }
}

/// All events of a tenant's feed.
///
/// # Errors
/// As [`store`] and [`behind`], which reads those of the audit too.
pub async fn feed(folder: &Path, tenant: &str) -> anyhow::Result<Vec<RecordedEvent>> {
    channel(folder, tenant, Channel::Feed).await
}

/// All events of a tenant's audit.
///
/// # Errors
/// As [`feed`].
pub async fn audit(folder: &Path, tenant: &str) -> anyhow::Result<Vec<RecordedEvent>> {
    channel(folder, tenant, Channel::Audit).await
}

async fn channel(
    folder: &Path,
    tenant: &str,
    channel: Channel,
) -> anyhow::Result<Vec<RecordedEvent>> {
    let store = store(folder, tenant).await?;
    let mut events = behind(&*store, &mut Mark::START.clone()).await?;
    events.retain(|recorded| recorded.event.channel == channel);
    Ok(events)
}
