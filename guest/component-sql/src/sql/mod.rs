//! The storage port over the import `sql`: a connection to a database, on which scimlet-sql's store
//! runs.

mod connection;
#[path = "../../../component/src/convert.rs"]
#[allow(dead_code, reason = "in the core module, only the conversions of storage are used")]
pub mod convert;

use scimlet_core::port::Store;
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};
use scimlet_sql::database::SqlStore;

pub use self::connection::ImportedConnection;
use self::convert::{lift, lower};
use crate::bindings::scimlet::plugin::sql;

/// The types of storage that [`convert`] converts core's into.
mod bindings {
    pub mod scimlet {
        pub mod plugin {
            pub use crate::bindings::scimlet::plugin::{http, journal};
            pub use scimlet_store as store;
        }
    }
}

/// The storage of the bound tenant.
pub struct SqlStorage;

/// Returns the storage of this instance.
#[allow(dead_code, reason = "the core module chooses between two")]
pub fn store() -> &'static dyn Store {
    &SqlStorage
}

/// Calls `call` with the store of the bound tenant.
fn on_store<T>(call: impl FnOnce(&SqlStore<'_, ImportedConnection>) -> T) -> T {
    let database = sql::database();
    let connection = ImportedConnection::new(database.dialect);
    call(&SqlStore::new(&connection, &database.tenant))
}

impl Store for SqlStorage {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        let keys: Vec<_> = keys.into_iter().map(lower::key).collect();
        let found = on_store(|store| store.get(&keys)).map_err(lift::refusal)?;
        Ok(found.into_iter().map(|entry| entry.map(lift::entry)).collect())
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        let page = on_store(|store| store.find(lower::query(query)));
        page.map(lift::page).map_err(lift::refusal)
    }

    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        let anchors: Vec<_> = anchors.into_iter().map(lower::key).collect();
        let direction = lower::direction(direction);
        let pages =
            on_store(|store| store.links(&anchors, name, direction, after.as_deref(), limit));
        Ok(pages.map_err(lift::refusal)?.into_iter().map(lift::link_page).collect())
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        let links: Vec<_> = links.into_iter().map(lower::link).collect();
        on_store(|store| store.has(&links)).map_err(lift::refusal)
    }

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let writes: Vec<_> = writes.into_iter().map(lower::write).collect();
        let committed = on_store(|store| store.commit(at, actor, &writes));
        committed.map(lift::committed).map_err(lift::rejection)
    }

    fn commit_prepared(
        &self,
        at: u64,
        actor: &str,
        prepare: &mut dyn FnMut() -> Result<Vec<Write>, Rejection>,
    ) -> Result<Committed, Rejection> {
        // Core has reasons that the store does not know.
        let mut refused = None;
        let mut prepared = || match prepare() {
            Ok(writes) => {
                refused = None;
                Ok(writes.into_iter().map(lower::write).collect())
            }
            Err(rejection) => {
                let reason = scimlet_store::Refusal::NotDone(rejection.reason.to_string());
                let write = rejection.write;
                refused = Some(rejection);
                Err(scimlet_store::Rejection { write, reason })
            }
        };
        let committed = on_store(|store| store.commit_prepared(at, actor, &mut prepared));
        match refused {
            Some(rejection) => Err(rejection),
            None => committed.map(lift::committed).map_err(lift::rejection),
        }
    }
}
