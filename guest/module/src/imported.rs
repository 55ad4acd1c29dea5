//! The storage port over the import, in the form of `wit/store.wit`. A call that the host cannot
//! answer is one that the store refused as `unavailable`.

use scimlet_core::port::Store;
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::import;

/// The import.
pub struct Imported;

#[derive(Serialize)]
struct Get {
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Find {
    query: Query,
}

#[derive(Serialize)]
struct Links<'a> {
    anchors: Vec<Key>,
    name: &'a str,
    direction: Direction,
    after: Option<String>,
    limit: u32,
}

#[derive(Serialize)]
struct Has {
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Commit<'a> {
    at: u64,
    actor: &'a str,
    writes: Vec<Write>,
}

fn ask<T: DeserializeOwned>(call: &str, arguments: &impl Serialize) -> Result<T, Refusal> {
    Ok(import::ask(call, arguments, scimlet_store::Refusal::Unavailable)?)
}

impl Store for Imported {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        ask("store.get", &Get { keys })
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        ask("store.find", &Find { query })
    }

    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        ask("store.links", &Links { anchors, name, direction, after, limit })
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        ask("store.has", &Has { links })
    }

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let unanswered = |sentence| {
            let reason = scimlet_store::Refusal::Unavailable(sentence);
            scimlet_store::Rejection { write: 0, reason }
        };
        Ok(import::ask("store.commit", &Commit { at, actor, writes }, unanswered)?)
    }
}
