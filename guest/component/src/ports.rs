//! Core's ports, implemented by the imports of the shell that compiles this file: the component's,
//! or those of the core module.

use scimlet_core::port::{Clock, Journal, Level, Ports, Random, Store};
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

use crate::bindings::scimlet::plugin::{journal, store};
use crate::convert::{lift, lower};
use crate::source;

/// All imports of the shell.
pub struct Imports;

/// Returns the ports of this instance, which reports a panic from now on.
pub fn ports() -> Ports<'static> {
    report_panics();
    Ports { store: &Imports, clock: &Imports, random: &Imports, journal: &Imports }
}

/// Reports a panic in the journal: it is a bug and ends the instance, and the trap itself has no
/// message.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        journal::write(&lower::note(Level::Error, "panic", &info.to_string()));
    }));
}

impl Clock for Imports {
    fn now(&self) -> u64 {
        source::now()
    }
}

impl Random for Imports {
    fn fill(&self, buffer: &mut [u8]) {
        source::fill(buffer);
    }
}

impl Journal for Imports {
    fn write(&self, level: Level, topic: &str, text: &str) {
        journal::write(&lower::note(level, topic, text));
    }
}

impl Store for Imports {
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
