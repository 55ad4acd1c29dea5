//! The storage port over the import `store`.

mod convert;

use scimlet_core::port::Store;
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

use crate::bindings::scimlet::plugin::store;

use self::convert::{lift, lower};

/// The import.
pub struct Imported;

/// Returns the storage of this instance.
#[allow(dead_code, reason = "the contract of stores takes the import")]
pub fn store() -> &'static dyn Store {
    &Imported
}

impl Store for Imported {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        let keys: Vec<_> = keys.into_iter().map(lower::key).collect();
        let found = store::get(&keys).map_err(lift::refusal)?;
        Ok(found.into_iter().map(|entry| entry.map(lift::entry)).collect())
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        store::find(&lower::query(query)).map(lift::page).map_err(lift::refusal)
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
        let pages = store::links(&anchors, name, direction, after.as_deref(), limit);
        Ok(pages.map_err(lift::refusal)?.into_iter().map(lift::link_page).collect())
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        let links: Vec<_> = links.into_iter().map(lower::link).collect();
        store::has(&links).map_err(lift::refusal)
    }

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let writes: Vec<_> = writes.into_iter().map(lower::write).collect();
        store::commit(at, actor, &writes).map(lift::committed).map_err(lift::rejection)
    }
}
