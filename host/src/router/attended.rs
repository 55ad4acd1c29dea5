//! A store whose reads end when the client that asked has gone.

use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::store::{
    Committed, Direction, Entry, Head, Identity, Key, Link, LinkPage, Memo, Page, Query,
    RecordedEvent, Refusal, Rejection, Store, Write,
};

/// Passes on what it is asked, commits in any case.
pub(super) struct Attended {
    store: Arc<dyn Store>,
    gone: watch::Receiver<bool>,
}

impl Attended {
    /// `gone` becomes true when nobody waits for an answer any more.
    pub(super) fn over(store: Arc<dyn Store>, gone: watch::Receiver<bool>) -> Arc<dyn Store> {
        Arc::new(Self { store, gone })
    }

    async fn attended<T>(
        &self,
        read: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let mut gone = self.gone.clone();
        let gone = async move {
            // An error means that the answer was taken.
            if gone.wait_for(|gone| *gone).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        match select(pin!(read), pin!(gone)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(Refusal::Unavailable("the client has gone".to_owned())),
        }
    }
}

#[async_trait]
impl Store for Attended {
    fn identity(&self) -> Option<Identity> {
        self.store.identity()
    }

    fn of_request(&self) -> Option<Arc<dyn Store>> {
        let store = self.store.of_request()?;
        Some(Self::over(store, self.gone.clone()))
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.attended(self.store.get(keys)).await
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.attended(self.store.find(query)).await
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        let pages = self.store.links(anchors, name, direction, after, limit);
        self.attended(pages).await
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.attended(self.store.has(links)).await
    }

    async fn counters(&self, names: Vec<String>) -> Result<Vec<u64>, Refusal> {
        self.attended(self.store.counters(names)).await
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.store.commit(at, actor, writes).await
    }

    async fn events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>, Refusal> {
        self.attended(self.store.events(after, limit)).await
    }

    async fn head(&self) -> Result<Head, Refusal> {
        self.store.head().await
    }

    async fn memos(&self, prefix: String) -> Result<Vec<(String, String)>, Refusal> {
        self.store.memos(prefix).await
    }

    async fn set_memos(&self, guard: Memo, changes: Vec<Memo>) -> Result<bool, Refusal> {
        self.store.set_memos(guard, changes).await
    }
}
