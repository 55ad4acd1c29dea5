//! The writes that create or remove links.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::commit::{Change, Name, key, name};
use super::error::SqliteResult;
use super::rows;
use super::sweep;
use crate::store::{Key, Link, LinkSet, Refusal, Rejection};

/// Links (source, name, target) that wait for an end that does not exist yet, by that end.
pub(super) type Waiting = BTreeMap<Name, BTreeSet<(Name, String, Name)>>;

impl Change<'_> {
    pub(super) fn link(&mut self, link: Link) -> SqliteResult<()> {
        for end in [&link.source, &link.target] {
            self.ends.entry(name(end)).or_insert(self.write);
        }
        self.insert_link(link)
    }

    /// Inserts the link, or keeps it waiting for an end that may still be inserted.
    fn insert_link(&mut self, link: Link) -> SqliteResult<()> {
        let Some(source) = self.seq(&link.source)? else {
            return self.wait(&link.source, &link);
        };
        let Some(target) = self.seq(&link.target)? else {
            return self.wait(&link.target, &link);
        };
        let linkset = self.linkset(source, &link.name)?;
        let mut insert =
            self.db.prepare_cached("INSERT OR IGNORE INTO scimlet_link VALUES (?, ?)")?;
        if insert.execute([linkset, target])? == 0 {
            return Err(Refusal::Taken(link.name).into());
        }
        self.mark(&link.source)
    }

    fn wait(&mut self, end: &Key, link: &Link) -> SqliteResult<()> {
        let waiting = self.waiting.entry(name(end)).or_default();
        if !waiting.insert((name(&link.source), link.name.clone(), name(&link.target))) {
            return Err(Refusal::Taken(link.name.clone()).into());
        }
        // The source changes even if the link is removed before its other end is inserted.
        self.mark(&link.source)
    }

    /// Drops the waiting links that have this entry as an end.
    pub(super) fn forget_waiting(&mut self, end: &Key) {
        let end = name(end);
        for waiting in self.waiting.values_mut() {
            waiting.retain(|(source, _, target)| *source != end && *target != end);
        }
    }

    /// Inserts the links that waited for this entry.
    pub(super) fn settle(&mut self, end: &Key) -> SqliteResult<()> {
        for (source, name, target) in self.waiting.remove(&name(end)).unwrap_or_default() {
            self.insert_link(Link { source: key(source), name, target: key(target) })?;
        }
        Ok(())
    }

    pub(super) fn unlink(&mut self, link: &Link) -> SqliteResult<()> {
        let missing = || Refusal::Missing(link.target.clone());
        let source = self.seq(&link.source)?;
        let target = self.seq(&link.target)?;
        let (Some(source), Some(target)) = (source, target) else {
            let end = if source.is_none() { &link.source } else { &link.target };
            let waits = (name(&link.source), link.name.clone(), name(&link.target));
            let waiting = self.waiting.get_mut(&name(end));
            let removed = waiting.is_some_and(|waiting| waiting.remove(&waits));
            return if removed { Ok(()) } else { Err(missing().into()) };
        };
        let linkset = rows::linkset(self.db, source, &link.name)?.ok_or_else(missing)?;
        let mut delete =
            self.db.prepare_cached("DELETE FROM scimlet_link WHERE linkset = ? AND target = ?")?;
        if delete.execute([linkset, target])? == 0 {
            return Err(missing().into());
        }
        self.mark(&link.source)
    }

    pub(super) fn unlink_all(&mut self, set: &LinkSet) -> SqliteResult<()> {
        let source = name(&set.source);
        for waiting in self.waiting.values_mut() {
            waiting.retain(|(from, called, _)| *from != source || *called != set.name);
        }
        let Some(source) = self.seq(&set.source)? else {
            return Ok(());
        };
        let Some(linkset) = rows::linkset(self.db, source, &set.name)? else {
            return Ok(());
        };
        let mut any = self.db.prepare_cached("SELECT 1 FROM scimlet_link WHERE linkset = ?")?;
        if any.exists([linkset])? {
            sweep::retire_linkset(self.db, linkset)?;
            self.mark(&set.source)?;
        }
        Ok(())
    }

    /// Removes the links to an entry that is being removed; their sources change.
    pub(super) fn unlink_arriving(&mut self, target: i64) -> SqliteResult<()> {
        for source in self.sources(target)? {
            self.mark(&source)?;
        }
        self.db.prepare_cached("DELETE FROM scimlet_link WHERE target = ?")?.execute([target])?;
        Ok(())
    }

    fn sources(&self, target: i64) -> SqliteResult<Vec<Key>> {
        let mut statement = self.db.prepare_cached(
            "SELECT k.name, e.id FROM scimlet_link l JOIN scimlet_linkset s ON s.id = l.linkset
             JOIN scimlet_entry e ON e.seq = s.source JOIN scimlet_kind k ON k.id = e.kind
             WHERE l.target = ?",
        )?;
        let keys =
            statement.query_map([target], |row| Ok(Key { kind: row.get(0)?, id: row.get(1)? }))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// After the last write: checks that both ends of every new link exist.
    pub(super) fn check_ends(&mut self) -> Result<(), Rejection> {
        let mut ends: Vec<(u32, Name)> =
            std::mem::take(&mut self.ends).into_iter().map(|(name, write)| (write, name)).collect();
        ends.sort();
        for (write, end) in ends {
            let end = key(end);
            let reason = match self.held(&end) {
                Ok(Some(_)) => continue,
                Ok(None) => Refusal::Missing(end),
                Err(fault) => fault.into(),
            };
            return Err(Rejection { write, reason });
        }
        Ok(())
    }

    fn seq(&mut self, key: &Key) -> SqliteResult<Option<i64>> {
        Ok(self.held(key)?.map(|held| held.seq))
    }

    /// Returns the id of the link set of this source and name, and inserts it for the first link.
    fn linkset(&self, source: i64, name: &str) -> SqliteResult<i64> {
        if let Some(linkset) = rows::linkset(self.db, source, name)? {
            return Ok(linkset);
        }
        let mut statement =
            self.db.prepare_cached("INSERT INTO scimlet_linkset(source, name) VALUES (?, ?)")?;
        Ok(statement.insert(params![source, name])?)
    }

    fn mark(&mut self, key: &Key) -> SqliteResult<()> {
        if let Some(held) = self.held(key)? {
            held.changed = true;
        }
        Ok(())
    }
}
