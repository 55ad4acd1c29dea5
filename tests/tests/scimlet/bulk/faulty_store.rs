//! A store on which commits meet trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scimlet::store::{
    ChainHead, Committed, Direction, Entry, Key, Link, LinkPage, MetadataEntry, Page, Query,
    RecordedEvent, Refusal, Rejection, Removal, Store, Write,
};

/// What happens to commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Nothing.
    None,
    /// Each is refused as stale once.
    StaleOnce,
    /// Each is refused as stale.
    StaleAlways,
    /// Before this one, counted from 0, the client's credential goes.
    Revoked(usize),
}

/// A store that passes everything on, but for the mischief.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    mischief: Mischief,
    credential: Key,
    commits: AtomicUsize,
}

impl FaultyStore {
    /// The store of a client with this credential.
    pub fn new(inner: Arc<dyn Store>, mischief: Mischief, credential: &str) -> Self {
        let credential = Key {
            kind: "$credential".to_owned(),
            id: credential.to_owned(),
        };
        Self {
            inner,
            mischief,
            credential,
            commits: AtomicUsize::new(0),
        }
    }

    /// How many commits were tried.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    async fn revoke(&self) -> Result<(), Rejection> {
        let removal = Removal {
            key: self.credential.clone(),
            version: None,
        };
        let writes = vec![Write::Remove(removal)];
        self.inner.commit(0, "test".into(), writes).await.map(drop)
    }
}

/// The commit that notes a credential's use is none of the request's.
fn is_note_of_use(writes: &[Write]) -> bool {
    let used = |write: &Write| matches!(write, Write::Insert(draft) if draft.key.kind == "$used");
    writes.iter().all(used)
}

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.inner.get(keys).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.inner.find(query).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.inner
            .links(anchors, name, direction, after, limit)
            .await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.inner.has(links).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.inner.counters(names).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        if is_note_of_use(&writes) {
            return self.inner.commit(at, actor, writes).await;
        }
        let number = self.commits.fetch_add(1, Ordering::Relaxed);
        let stale = match self.mischief {
            Mischief::None | Mischief::Revoked(_) => false,
            Mischief::StaleOnce => number.is_multiple_of(2),
            Mischief::StaleAlways => true,
        };
        if stale {
            let reason = Refusal::Stale(self.credential.clone());
            return Err(Rejection { write: 0, reason });
        }
        if self.mischief == Mischief::Revoked(number) {
            self.revoke().await?;
        }
        self.inner.commit(at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        self.inner.events(after, limit).await
    }

    async fn head(&self) -> Result<ChainHead, Refusal> {
        self.inner.head().await
    }

    async fn metadata(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        self.inner.metadata(prefix).await
    }

    async fn set_metadata(
        &self,
        guard: MetadataEntry,
        changes: Vec<MetadataEntry>,
    ) -> Result<bool, Refusal> {
        self.inner.set_metadata(guard, changes).await
    }
}
