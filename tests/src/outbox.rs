//! The events of a tenant, read behind the server's back from the file in its folder.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, RecordedEvent, Store, chain};

/// Where reading goes on.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// The number of the last event that was read.
    pub sequence: u64,
    digest: chain::Digest,
}

impl Mark {
    /// Before the first event.
    pub const START: Self = Self {
        sequence: 0,
        digest: chain::START,
    };
}

/// The store of a tenant that is there.
///
/// # Errors
/// If it is not, or the file does not open.
pub async fn store(folder: &Path, tenant: &str) -> anyhow::Result<Arc<dyn Store>> {
    let database = Sqlite::open(folder.join("scimlet.db"))?;
    let store = database.open(tenant).await?;
    store.with_context(|| format!("no tenant `{tenant}`"))
}

/// The events behind the mark, which moves on.
///
/// # Errors
/// If a number is left out or comes twice, or the chain is broken.
pub async fn behind(store: &dyn Store, mark: &mut Mark) -> anyhow::Result<Vec<RecordedEvent>> {
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
            ensure!(
                chain::holds(&mark.digest, &event),
                "the chain is broken at {event:?}"
            );
            *mark = Mark {
                sequence: next,
                digest: event.digest,
            };
            read.push(event);
        }
    }
}

/// All events of a tenant.
///
/// # Errors
/// As [`store`] and [`behind`].
pub async fn all(folder: &Path, tenant: &str) -> anyhow::Result<Vec<RecordedEvent>> {
    behind(&*store(folder, tenant).await?, &mut Mark::START.clone()).await
}
