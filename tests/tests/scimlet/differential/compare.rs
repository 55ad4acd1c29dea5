//! Doing one thing to all stores, and comparing what they say.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use scimlet::store::{
    Direction, Entry, Key, Link, Query, RecordedEvent, Refusal, Rejection, Store, TenantStorage,
    Window, Write,
};
use scimlet_contract::kit::{AT, counter};

use super::choose::Chooser;

/// The outcome of a commit: its time, and the versions of the entries that it changed, by kind and
/// id.
type Outcome = Result<(u64, BTreeMap<(String, String), u64>), Rejection>;

/// The stores; the first is asked when something has to be known.
pub struct Stores {
    all: Vec<Arc<dyn TenantStorage>>,
}

/// The entries and totals that a walk through all pages of a query returns.
#[derive(Debug, PartialEq)]
struct Walk {
    entries: Vec<Entry>,
    totals: Vec<Option<u64>>,
}

impl Stores {
    pub fn new(all: Vec<Arc<dyn TenantStorage>>) -> Self {
        Self { all }
    }

    /// Does one thing.
    pub async fn both(&self, chooser: &mut Chooser) -> anyhow::Result<()> {
        match chooser.below(10) {
            0..=4 => self.commit(chooser).await,
            5..=7 => self.find(chooser.query()).await,
            8 => self.links(chooser).await,
            _ => self.look(chooser).await,
        }
    }

    async fn commit(&self, chooser: &mut Chooser) -> anyhow::Result<()> {
        let versions = self.versions().await?;
        let name = |key: &Key| (key.kind.clone(), key.id.clone());
        let writes = chooser.writes(|key| versions.get(&name(key)).copied().unwrap_or(0));
        let at = AT + chooser.below(1000);
        let mut outcomes = Vec::new();
        for store in &self.all {
            outcomes.push(commit(&**store, at, writes.clone()).await);
        }
        equal(&outcomes, &writes)
    }

    /// The versions of all entries that may be there.
    async fn versions(&self) -> anyhow::Result<BTreeMap<(String, String), u64>> {
        let keys = |kind: &'static str, count: u32| {
            (0..count).map(move |number| Key { kind: kind.into(), id: number.to_string() })
        };
        let keys = keys("User", 12).chain(keys("Group", 4)).chain(keys("$credential", 2));
        let entries = self.all[0].get(keys.collect()).await.map_err(refused)?;
        let version = |entry: Entry| ((entry.key.kind, entry.key.id), entry.version);
        Ok(entries.into_iter().flatten().map(version).collect())
    }

    /// Walks through all pages.
    async fn find(&self, query: Query) -> anyhow::Result<()> {
        let mut walks = Vec::new();
        for store in &self.all {
            walks.push(walk(&**store, query.clone()).await?);
        }
        equal(&walks, &query)
    }

    async fn links(&self, chooser: &mut Chooser) -> anyhow::Result<()> {
        let link = chooser.link();
        let (anchor, direction) = match chooser.below(2) {
            0 => (link.source, Direction::Outgoing),
            _ => (link.target, Direction::Incoming),
        };
        let limit = 1 + chooser.below(4) as u32;
        let mut found = Vec::new();
        for store in &self.all {
            let asked = (anchor.clone(), link.name.clone(), direction);
            found.push(all_links(&**store, asked, limit).await?);
        }
        equal(&found, &anchor)
    }

    async fn look(&self, chooser: &mut Chooser) -> anyhow::Result<()> {
        let keys: Vec<Key> = (0..4).map(|_| chooser.key()).collect();
        let links: Vec<Link> = (0..4).map(|_| chooser.link()).collect();
        let after = chooser.below(40);
        let mut seen = Vec::new();
        for store in &self.all {
            let entries = store.get(keys.clone()).await.map_err(refused)?;
            let there = store.has(links.clone()).await.map_err(refused)?;
            let counters = [counter(&**store, "seats").await?, counter(&**store, "absent").await?];
            let events: Vec<RecordedEvent> = store.events(after, 20).await.map_err(refused)?;
            seen.push((entries, there, counters, events));
        }
        equal(&seen, &(keys, links))
    }
}

async fn commit(store: &dyn Store, at: u64, writes: Vec<Write>) -> Outcome {
    let done = store.commit(at, "tester".into(), writes).await?;
    let version = |(key, version): (Key, u64)| ((key.kind, key.id), version);
    Ok((done.at, done.versions.into_iter().map(version).collect()))
}

async fn walk(store: &dyn Store, mut query: Query) -> anyhow::Result<Walk> {
    let mut walk = Walk { entries: Vec::new(), totals: Vec::new() };
    loop {
        let page = store.find(query.clone()).await.map_err(refused)?;
        ensure!(page.exact && page.ordered, "these stores are exact");
        walk.totals.push(page.total);
        let full = page.hits.len() == query.limit as usize;
        if let Some(last) = page.hits.last() {
            query.window = Window::After(last.position.clone());
        }
        walk.entries.extend(page.hits.into_iter().map(|hit| hit.entry));
        if !full {
            return Ok(walk);
        }
    }
}

/// All links, in one order: theirs is the store's.
async fn all_links(
    store: &dyn Store,
    (anchor, name, direction): (Key, String, Direction),
    limit: u32,
) -> anyhow::Result<Vec<String>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let asked = vec![anchor.clone()];
        let pages = store.links(asked, name.clone(), direction, after, limit);
        let page = pages.await.map_err(refused)?.pop();
        let page = page.context("a page for the anchor")?;
        found.extend(page.links.iter().map(|link| format!("{link:?}")));
        after = page.next;
        if after.is_none() {
            found.sort();
            return Ok(found);
        }
    }
}

fn equal<T: PartialEq + Debug>(answers: &[T], asked: &impl Debug) -> anyhow::Result<()> {
    let names = ["memory", "SQLite", "PostgreSQL"];
    for (answer, name) in answers.iter().zip(names) {
        let first = &answers[0];
        ensure!(answer == first, "{asked:?}\nin memory {first:?}\nbut {name} {answer:?}");
    }
    Ok(())
}

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow!("{refusal:?}")
}
