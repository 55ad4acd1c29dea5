//! The stores behind the imports `store` and `stores`. Compiled by each shell that has them, beside
//! a `storage` and a `select` of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use scimlet_contract::{Checked, Store, Stores};
use scimlet_core::port;
use scimlet_core::store;
use scimlet_store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

use crate::select::select;
use crate::storage::Imported;

/// Makes stores, each of a tenant that was not selected before.
#[derive(Default)]
pub struct ImportedStores;

/// The store of a tenant.
pub struct ImportedStore {
    tenant: String,
}

/// How many stores this instance has selected.
static MADE: AtomicU32 = AtomicU32::new(0);

#[async_trait]
impl Stores for ImportedStores {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(ImportedStore { tenant: format!("contract-{number}") }))
    }
}

impl ImportedStore {
    fn selected(&self) -> &'static dyn port::Store {
        select(&self.tenant);
        &Imported
    }
}

#[async_trait]
impl Store for ImportedStore {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.selected().get(keys).map_err(refusal)
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.selected().find(query).map_err(refusal)
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.selected().links(anchors, &name, direction, after, limit).map_err(refusal)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.selected().has(links).map_err(refusal)
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let committed = self.selected().commit(at, &actor, writes);
        committed.map_err(|rejection| Rejection {
            write: rejection.write,
            reason: refusal(rejection.reason),
        })
    }
}

/// Returns the refusal as the store gave it.
fn refusal(refusal: store::Refusal) -> Refusal {
    use store::Refusal as R;
    match refusal {
        R::Taken(path) => Refusal::Taken(path),
        R::Stale(key) => Refusal::Stale(key),
        R::Missing(key) => Refusal::Missing(key),
        R::OverCeiling(counter) => Refusal::OverCeiling(counter),
        R::TooMany(what) => Refusal::TooMany(what),
        R::Invalid(why) => Refusal::Invalid(why),
        R::NotDone(why) => Refusal::NotDone(why),
        R::Damaged(why) => Refusal::Damaged(why),
        R::Unavailable(why) | R::Unknown(why) => Refusal::Unavailable(why),
        R::Declined { sentence, .. } => Refusal::Unavailable(sentence),
    }
}
