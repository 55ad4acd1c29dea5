//! The storage port over the import `sql`: a connection to a database, on which scimlet-sql's store
//! runs.

use scimlet_core::port::Store;
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};
use scimlet_sql::database::SqlStore;

use crate::connection::{self, ImportedConnection};

/// The storage of the bound tenant.
pub struct SqlStorage;

/// Returns the storage of this instance.
#[allow(dead_code, reason = "the core module chooses between two")]
pub fn store() -> &'static dyn Store {
    &SqlStorage
}

/// Calls `call` with the store of the bound tenant.
fn on_store<T>(call: impl FnOnce(&SqlStore<'_, ImportedConnection>) -> T) -> T {
    call(&SqlStore::new(&connection::imported(), &connection::tenant()))
}

impl Store for SqlStorage {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        Ok(on_store(|store| store.get(&keys))?)
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        Ok(on_store(|store| store.find(query))?)
    }

    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        let after = after.as_deref();
        Ok(on_store(|store| store.links(&anchors, name, direction, after, limit))?)
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        Ok(on_store(|store| store.has(&links))?)
    }

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        Ok(on_store(|store| store.commit(at, actor, &writes))?)
    }

    fn commit_prepared(
        &self,
        at: u64,
        actor: &str,
        prepare: &mut dyn FnMut() -> Result<Vec<Write>, Rejection>,
    ) -> Result<Committed, Rejection> {
        // Core has reasons that the store does not know.
        let mut refused = None;
        let mut prepared = || {
            refused = None;
            prepare().map_err(|rejection| {
                let reason = scimlet_store::Refusal::NotDone(rejection.reason.to_string());
                let write = rejection.write;
                refused = Some(rejection);
                scimlet_store::Rejection { write, reason }
            })
        };
        let committed = on_store(|store| store.commit_prepared(at, actor, &mut prepared));
        match refused {
            Some(rejection) => Err(rejection),
            None => Ok(committed?),
        }
    }
}
