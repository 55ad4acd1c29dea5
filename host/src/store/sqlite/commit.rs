//! `commit`: applies the writes in order inside one savepoint of the writer. Checks that need all
//! writes (ends of links, unique terms) wait in [`Change`] until [`Change::judge`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use scimlet_sql::commit::Counts;

use super::error::{SqliteError, SqliteResult};
use super::group::Group;
use super::relations::Waiting;
use super::rows::unsigned;
use crate::store::hash_chain::Digest;
use crate::store::{ChainHead, Committed, Key, Rejection, Term, Write, deleted, digest};

/// An entry's key as kind and id, which sorts.
pub(super) type Name = (String, String);

/// Converts a key into a name.
pub(super) fn name(key: &Key) -> Name {
    (key.kind.clone(), key.id.clone())
}

/// Converts a name into a key.
pub(super) fn key((kind, id): Name) -> Key {
    Key { kind, id }
}

/// One commit: time in milliseconds, actor and writes.
pub(super) struct Commit {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) writes: Vec<Write>,
}

/// The outcome of a successful commit.
pub(super) struct Done {
    pub(super) committed: Committed,
    /// The last event that the commit appended; `None` if it appended none.
    pub(super) newest: Option<ChainHead>,
}

/// Applies a commit. The caller rolls back on an error.
///
/// # Errors
/// The first write that was refused, and why.
pub(super) fn apply(group: &Group<'_>, tenant: i64, commit: Commit) -> Result<Done, Rejection> {
    let rejection =
        |write: u32| move |fault: SqliteError| Rejection { write, reason: fault.into() };
    let outbox = outbox(group, tenant).map_err(rejection(0))?;
    let at = commit.at.max(outbox.earliest);
    let mut change = Change::new(group, tenant, at, commit.actor, outbox);
    for (index, write) in (0u32..).zip(commit.writes) {
        change.write = index;
        change.apply(write).map_err(rejection(index))?;
    }
    change.judge()?;
    change.finish().map_err(rejection(0))
}

/// The end of the tenant's event log, where this commit appends.
pub(super) struct Outbox {
    /// Sequence number and digest of the last event.
    pub(super) sequence: i64,
    pub(super) digest: Digest,
    pub(super) appended: bool,
    /// The earliest time, in milliseconds, that the commit may carry.
    earliest: i64,
}

fn outbox(group: &Group<'_>, tenant: i64) -> SqliteResult<Outbox> {
    let sql = "SELECT sequence, digest,
                 (SELECT at FROM scimlet_event WHERE tenant = t.id AND sequence = t.sequence)
               FROM scimlet_tenant t WHERE id = ?";
    let found = group
        .prepare_cached(sql)?
        .query_row([tenant], |row| {
            let (sequence, newest) = (row.get(0)?, row.get::<_, Option<i64>>(2)?);
            let is_seen = group.is_from_before(tenant, sequence);
            Ok(Outbox {
                sequence,
                digest: row.get(1)?,
                appended: false,
                earliest: newest.map_or(0, |newest| newest.saturating_add(is_seen.into())),
            })
        })
        .optional()?;
    found.ok_or_else(|| deleted().into())
}

/// An existing entry that this commit has read or written.
pub(super) struct Held {
    pub(super) seq: i64,
    /// The version before the commit; 0 if this commit inserts the entry.
    pub(super) before: u64,
    /// Whether the commit raises the version.
    pub(super) changed: bool,
    /// The new body, if it is not written yet.
    pub(super) body: Option<String>,
    /// The terms that the entry will have, and the number of the write that set them.
    pub(super) terms: Option<(u32, Vec<Term>)>,
}

/// A commit in progress.
pub(super) struct Change<'db> {
    pub(super) db: &'db Connection,
    pub(super) tenant: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    /// The number of the write in progress.
    pub(super) write: u32,
    /// The entries that this commit has read or written; `None` for those that do not exist now.
    pub(super) entries: BTreeMap<Name, Option<Held>>,
    /// Links with an end that does not exist yet.
    pub(super) waiting: Waiting,
    /// The ends of all links that the commit creates, each with the number of the first such write.
    pub(super) ends: BTreeMap<Name, u32>,
    pub(super) counts: Counts,
    pub(super) outbox: Outbox,
}

impl<'db> Change<'db> {
    fn new(
        db: &'db Connection,
        tenant: i64,
        at: i64,
        actor: String,
        outbox: Outbox,
    ) -> Change<'db> {
        Change {
            db,
            tenant,
            at,
            actor,
            write: 0,
            entries: BTreeMap::new(),
            waiting: Waiting::default(),
            ends: BTreeMap::new(),
            counts: Counts::default(),
            outbox,
        }
    }

    fn apply(&mut self, write: Write) -> SqliteResult<()> {
        match write {
            Write::Insert(draft) => self.insert(draft),
            Write::Replace(replacement) => self.replace(replacement),
            Write::Remove(removal) => self.remove(&removal),
            Write::Expect(expectation) => {
                self.expect(&expectation.key, Some(expectation.version)).map(drop)
            }
            Write::Link(links) => links.into_iter().try_for_each(|link| self.link(link)),
            Write::Unlink(links) => links.iter().try_for_each(|link| self.unlink(link)),
            Write::UnlinkAll(set) => self.unlink_all(&set),
            Write::Adjust(adjustment) => self.adjust(adjustment),
            Write::Append(event) => self.append(event),
            Write::Redact(subject) => self.redact(&subject),
        }
    }

    /// Checks what depends on all writes: ends of links and unique terms. If several checks fail,
    /// reports the one of the earliest write.
    fn judge(&mut self) -> Result<(), Rejection> {
        let ends = self.check_ends();
        let terms = self.write_terms();
        match (ends, terms) {
            (Err(ends), Err(terms)) => Err(if terms.write < ends.write { terms } else { ends }),
            (ends, terms) => ends.and(terms),
        }
    }

    /// Writes bodies, versions and counts.
    fn finish(mut self) -> SqliteResult<Done> {
        let mut versions = Vec::new();
        for (name, held) in std::mem::take(&mut self.entries) {
            if let Some(held) = held.filter(|held| held.changed) {
                versions.push((key(name), held.before + 1));
                self.rewrite(held)?;
            }
        }
        self.write_counts()?;
        self.close_outbox()?;
        let newest =
            ChainHead { sequence: unsigned(self.outbox.sequence), digest: self.outbox.digest };
        let committed = Committed { at: unsigned(self.at), versions };
        Ok(Done { committed, newest: self.outbox.appended.then_some(newest) })
    }

    fn rewrite(&self, held: Held) -> SqliteResult<()> {
        let sql = match (&held.body, held.before) {
            // An entry that was inserted and not changed since is complete.
            (None, 0) => return Ok(()),
            (None, _) => {
                "UPDATE scimlet_entry SET version = ?2, modified = ?3,
                   digest_version = CASE digest_version WHEN version THEN ?2 END WHERE seq = ?1"
            }
            (Some(_), _) => {
                "UPDATE scimlet_entry SET version = ?2, modified = ?3, body = ?4, digest = ?5,
                   digest_version = ?2 WHERE seq = ?1"
            }
        };
        let version = i64::try_from(held.before + 1).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(sql)?;
        match held.body {
            None => statement.execute(params![held.seq, version, self.at])?,
            Some(body) => {
                let digest = digest::of(body.as_bytes());
                statement.execute(params![held.seq, version, self.at, body, digest])?
            }
        };
        Ok(())
    }
}
