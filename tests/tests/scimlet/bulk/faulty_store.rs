//! A store whose commits fail as a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scimlet::store::{Committed, Key, Refusal, Rejection, Removal, Store, StoreDecorator, Write};

/// The fault of a store's commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every commit goes through.
    None,
    /// Each commit is refused as stale once.
    StaleOnce,
    /// Each commit is refused as stale, however often it is tried.
    StaleAlways,
    /// The client's credential is removed before the commit of this number, counted from 0.
    Revoked(usize),
}

/// A store that forwards everything, but for the fault.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Fault,
    credential: Key,
    commits: Arc<AtomicUsize>,
}

impl FaultyStore {
    /// The store of a client with this credential.
    pub fn new(inner: Arc<dyn Store>, fault: Fault, credential: &str) -> Self {
        let credential = Key { kind: "$credential".to_owned(), id: credential.to_owned() };
        Self { inner, fault, credential, commits: Arc::default() }
    }

    /// How many commits were tried.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    async fn revoke(&self) -> Result<(), Rejection> {
        let removal = Removal { key: self.credential.clone(), version: None };
        let writes = vec![Write::Remove(removal)];
        self.inner.commit(0, "test".into(), writes).await.map(drop)
    }
}

/// Whether these are the writes that note a credential's use, which are no part of a request.
fn is_note_of_use(writes: &[Write]) -> bool {
    let used = |write: &Write| matches!(write, Write::Insert(draft) if draft.key.kind == "$used");
    writes.iter().all(used)
}

#[async_trait]
impl StoreDecorator for FaultyStore {
    type Inner = dyn Store;

    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Self {
            inner,
            fault: self.fault,
            credential: self.credential.clone(),
            commits: Arc::clone(&self.commits),
        })
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
        let stale = match self.fault {
            Fault::None | Fault::Revoked(_) => false,
            Fault::StaleOnce => number.is_multiple_of(2),
            Fault::StaleAlways => true,
        };
        if stale {
            let reason = Refusal::Stale(self.credential.clone());
            return Err(Rejection { write: 0, reason });
        }
        if self.fault == Fault::Revoked(number) {
            self.revoke().await?;
        }
        self.inner.commit(at, actor, writes).await
    }
}
