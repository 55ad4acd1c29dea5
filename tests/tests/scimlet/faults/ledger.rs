//! The state of a tenant as its events tell it, compared with what the store holds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, anyhow, bail, ensure};
use scimlet::store::{
    Channel, Direction, Entry, Key, Query, RecordedEvent, Refusal, Store, TenantStorage, Window,
};
use scimlet_contract::kit::counter;
use scimlet_tests::outbox::{self, Mark};
use serde_json::Value;

/// The effects of the default profile.
const EFFECTS: [&str; 2] = ["revoke-sessions", "delete-api-keys"];

/// Kind and id of a resource.
type Name = (String, String);

/// The resources that are there, with the number of events that changed each.
pub struct Ledger {
    mark: Mark,
    changes: BTreeMap<Name, u64>,
}

impl Ledger {
    /// Before the first event.
    pub fn new() -> Self {
        Self { mark: Mark::START, changes: BTreeMap::new() }
    }

    /// Reads the events that are new and compares the whole store.
    ///
    /// # Errors
    /// If numbers have gaps, the chain is broken, an event contradicts those before, or the store
    /// holds something else than what they tell.
    pub async fn verify(&mut self, store: &dyn TenantStorage) -> anyhow::Result<()> {
        for event in outbox::behind(store, &mut self.mark).await? {
            self.apply(&event).with_context(|| format!("{event:?}"))?;
        }
        let users = entries(store, "User").await?;
        let groups = entries(store, "Group").await?;
        for entry in users.iter().chain(&groups) {
            self.compare(entry)?;
        }
        let (held, told) = (users.len() + groups.len(), self.changes.len());
        ensure!(held == told, "{held} resources, by the events there are {told}");
        seats_are_counted(store, &users).await?;
        no_loose_ends(store, &users, &groups).await
    }

    fn apply(&mut self, event: &RecordedEvent) -> anyhow::Result<()> {
        if event.event.channel == Channel::Audit {
            return Ok(());
        }
        let subject = event.event.subject.as_ref().context("about nothing")?;
        let name = name(subject);
        let prefix = "urn:ietf:params:scim:event:prov:";
        match event.event.name.strip_prefix(prefix) {
            Some("create:notice") => {
                let before = self.changes.insert(name, 1);
                ensure!(before.is_none(), "created twice");
            }
            Some("delete") => drop(self.changes.remove(&name).context("deleted unborn")?),
            Some("patch:notice") => {
                *self.changes.get_mut(&name).context("changed unborn")? += 1;
            }
            Some("activate" | "deactivate") => {
                ensure!(self.changes.contains_key(&name), "about the unborn");
            }
            // An effect of a step, for the application.
            None if EFFECTS.contains(&event.event.name.as_str()) => {}
            other => bail!("an unknown event {other:?}"),
        }
        Ok(())
    }

    /// Each event of a user is one version; a group has some more from deleted members.
    fn compare(&self, entry: &Entry) -> anyhow::Result<()> {
        let told = self.changes.get(&name(&entry.key));
        let told = *told.with_context(|| format!("no event tells of {entry:?}"))?;
        let version = entry.version;
        let agree = version == told || version > told && entry.key.kind == "Group";
        ensure!(agree, "version {version}, by the events {told}, of {entry:?}");
        Ok(())
    }
}

/// Expects that the counter of seats is the number of active users, whatever was half done at the
/// kill.
async fn seats_are_counted(store: &dyn Store, users: &[Entry]) -> anyhow::Result<()> {
    let counted = counter(store, "seats").await?;
    let inactive = |entry: &&Entry| {
        let body: Value = serde_json::from_str(&entry.body).unwrap_or_default();
        body["active"] == false
    };
    let active = users.len() - users.iter().filter(inactive).count();
    ensure!(counted == active as u64, "{active} are active, {counted} seats are taken");
    Ok(())
}

/// Expects that every member of every group exists.
async fn no_loose_ends(store: &dyn Store, users: &[Entry], groups: &[Entry]) -> anyhow::Result<()> {
    let present: BTreeSet<Name> = users.iter().chain(groups).map(|e| name(&e.key)).collect();
    for group in groups {
        let anchor = vec![group.key.clone()];
        let pages = store.links(anchor, "members".into(), Direction::Outgoing, None, 1000);
        for link in pages.await.map_err(refused)?.iter().flat_map(|p| &p.links) {
            let there = present.contains(&name(&link.target));
            ensure!(there, "{link:?} leads nowhere");
        }
    }
    Ok(())
}

async fn entries(store: &dyn Store, kind: &str) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut window = Window::Offset(0);
    loop {
        let query = Query {
            kind: kind.to_owned(),
            filter: Vec::new(),
            order: None,
            window,
            limit: 500,
            count: false,
        };
        let page = store.find(query).await.map_err(refused)?;
        let Some(last) = page.hits.last() else {
            return Ok(entries);
        };
        window = Window::After(last.position.clone());
        entries.extend(page.hits.into_iter().map(|hit| hit.entry));
    }
}

fn name(key: &Key) -> Name {
    (key.kind.clone(), key.id.clone())
}

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow!("{refusal:?}")
}
