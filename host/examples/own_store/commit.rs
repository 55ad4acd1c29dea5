//! One commit, as one transaction.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use scimlet::store::{
    Adjustment, Channel, Committed, Draft, Event, Key, Link, Refusal, Rejection, Write, hash_chain,
};

use super::store::{json, unsigned};

/// Why a write is refused: by the contract, or because the database failed.
enum Fault {
    Refused(Refusal),
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl Fault {
    /// Nothing was committed: whatever failed, failed before.
    fn rejection(self, write: u32) -> Rejection {
        match self {
            Self::Refused(reason) => Rejection { write, reason },
            Self::Failed(error) => {
                Rejection { write: 0, reason: Refusal::NotDone(error.to_string()) }
            }
        }
    }
}

/// Applies all writes, or none.
pub fn commit(
    connection: &mut Connection,
    at: u64,
    actor: &str,
    writes: Vec<Write>,
) -> Result<Committed, Rejection> {
    let failed = |error: rusqlite::Error| Fault::from(error).rejection(0);
    let db = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let mut change = Change::begin(db.map_err(failed)?, at, actor).map_err(failed)?;
    for (index, write) in (0..).zip(writes) {
        change.index = index;
        change.apply(write).map_err(|fault| fault.rejection(index))?;
    }
    change.check().map_err(|(write, fault)| fault.rejection(write))?;
    let versions = change.raise_versions().map_err(failed)?;
    // If this fails, nobody knows what is on disk.
    let unknown = |error: rusqlite::Error| Rejection {
        write: 0,
        reason: Refusal::Unavailable(error.to_string()),
    };
    let at = change.at;
    change.db.commit().map_err(unknown)?;
    Ok(Committed { at, versions })
}

/// A commit in progress. Dropping it rolls back.
struct Change<'a> {
    db: Transaction<'a>,
    at: u64,
    actor: &'a str,
    /// The write that is applied.
    index: u32,
    /// The ends of new links, which must exist after the last write.
    ends: Vec<(u32, Key)>,
}

impl<'a> Change<'a> {
    /// Times never go back, whatever the clock does.
    fn begin(db: Transaction<'a>, at: u64, actor: &'a str) -> rusqlite::Result<Self> {
        let later =
            "SELECT coalesce((SELECT at + 1 FROM scim_event ORDER BY sequence DESC LIMIT 1), 0)";
        let at = at.max(db.query_row(later, [], |row| unsigned(row, 0))?);
        Ok(Self { db, at, actor, index: 0, ends: Vec::new() })
    }

    fn apply(&mut self, write: Write) -> Result<(), Fault> {
        match write {
            Write::Insert(draft) => self.insert(&draft),
            Write::Replace(replacement) => self.replace(&replacement.draft, replacement.version),
            Write::Remove(removal) => self.remove(&removal.key, removal.version),
            Write::Expect(expectation) => {
                self.expect(&expectation.key, Some(expectation.version)).map(drop)
            }
            Write::Link(links) => links.into_iter().try_for_each(|link| self.link(link)),
            Write::Unlink(links) => links.into_iter().try_for_each(|link| self.unlink(link)),
            Write::UnlinkAll(set) => self.unlink_all(&set.source, &set.name),
            Write::Adjust(adjustment) => self.adjust(adjustment),
            Write::Append(event) => self.append(event),
            Write::Redact(subject) => self.redact(&subject),
        }
    }

    /// Runs a statement; the number of rows that it changed.
    fn run(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(values)
    }

    fn insert(&self, draft: &Draft) -> Result<(), Fault> {
        let Key { kind, id } = &draft.key;
        let inserted = self.run(
            "INSERT OR IGNORE INTO scim_entry
             (kind, id, version, created, modified, body, changed, draft)
             VALUES (?1, ?2, 0, ?3, ?3, ?4, TRUE, ?5)",
            params![kind, id, self.at.cast_signed(), draft.body, self.index],
        )?;
        if inserted == 0 {
            return Err(Fault::Refused(Refusal::Taken("id".into())));
        }
        self.insert_terms(self.db.last_insert_rowid(), draft)
    }

    fn replace(&self, draft: &Draft, version: u64) -> Result<(), Fault> {
        let seq = self.expect(&draft.key, Some(version))?;
        self.run(
            "UPDATE scim_entry SET body = ?, changed = TRUE, draft = ? WHERE seq = ?",
            params![draft.body, self.index, seq],
        )?;
        self.run("DELETE FROM scim_term WHERE entry = ?", [seq])?;
        self.insert_terms(seq, draft)
    }

    fn insert_terms(&self, seq: i64, draft: &Draft) -> Result<(), Fault> {
        for term in &draft.terms {
            let value = json(&term.value);
            self.run(
                "INSERT INTO scim_term (entry, kind, path, value, is_unique)
                 VALUES (?, ?, ?, ?, ?)",
                params![seq, draft.key.kind, term.path, value, term.unique],
            )?;
        }
        Ok(())
    }

    fn remove(&self, key: &Key, version: Option<u64>) -> Result<(), Fault> {
        let seq = self.expect(key, version)?;
        self.run(
            "UPDATE scim_entry SET changed = TRUE WHERE (kind, id) IN
             (SELECT source_kind, source_id FROM scim_link
              WHERE target_kind = ? AND target_id = ?)",
            [&key.kind, &key.id],
        )?;
        for end in ["source", "target"] {
            let sql = format!("DELETE FROM scim_link WHERE {end}_kind = ? AND {end}_id = ?");
            self.run(&sql, [&key.kind, &key.id])?;
        }
        self.run("DELETE FROM scim_entry WHERE seq = ?", [seq])?;
        Ok(())
    }

    /// The entry, if it is there and had this version before the commit.
    fn expect(&self, key: &Key, version: Option<u64>) -> Result<i64, Fault> {
        let sql = "SELECT seq, version FROM scim_entry WHERE kind = ? AND id = ?";
        let read = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row, 1)?));
        let found = self.db.prepare_cached(sql)?.query_row([&key.kind, &key.id], read);
        match found.optional()? {
            None => Err(Fault::Refused(Refusal::Missing(key.clone()))),
            Some((_, found)) if version.is_some_and(|version| version != found) => {
                Err(Fault::Refused(Refusal::Stale(key.clone())))
            }
            Some((seq, _)) => Ok(seq),
        }
    }

    fn mark(&self, key: &Key) -> Result<(), Fault> {
        let sql = "UPDATE scim_entry SET changed = TRUE WHERE kind = ? AND id = ?";
        self.run(sql, [&key.kind, &key.id])?;
        Ok(())
    }

    fn link(&mut self, Link { source, name, target }: Link) -> Result<(), Fault> {
        let inserted = self.run(
            "INSERT OR IGNORE INTO scim_link
             (source_kind, source_id, name, target_kind, target_id) VALUES (?, ?, ?, ?, ?)",
            [&source.kind, &source.id, &name, &target.kind, &target.id],
        )?;
        if inserted == 0 {
            return Err(Fault::Refused(Refusal::Taken(name)));
        }
        self.mark(&source)?;
        self.ends.extend([source, target].map(|end| (self.index, end)));
        Ok(())
    }

    fn unlink(&self, Link { source, name, target }: Link) -> Result<(), Fault> {
        let deleted = self.run(
            "DELETE FROM scim_link WHERE source_kind = ? AND source_id = ? AND name = ?
             AND target_kind = ? AND target_id = ?",
            [&source.kind, &source.id, &name, &target.kind, &target.id],
        )?;
        match deleted {
            0 => Err(Fault::Refused(Refusal::Missing(target))),
            _ => self.mark(&source),
        }
    }

    fn unlink_all(&self, source: &Key, name: &str) -> Result<(), Fault> {
        let sql = "DELETE FROM scim_link WHERE source_kind = ? AND source_id = ? AND name = ?";
        match self.run(sql, params![source.kind, source.id, name])? {
            0 => Ok(()),
            _ => self.mark(source),
        }
    }

    fn adjust(&self, Adjustment { counter, by, ceiling }: Adjustment) -> Result<(), Fault> {
        let sql = "SELECT value FROM scim_counter WHERE name = ?";
        let old = self.db.query_row(sql, [&counter], |row| row.get::<_, i64>(0)).optional()?;
        let new = old.unwrap_or(0).saturating_add(by).max(0);
        let overflows = old.unwrap_or(0).checked_add(by).is_none();
        let is_over = ceiling.is_some_and(|ceiling| new.unsigned_abs() > ceiling);
        // Seats can be given back also under a ceiling that was lowered.
        if by >= 0 && (overflows || is_over) {
            return Err(Fault::Refused(Refusal::OverCeiling(counter)));
        }
        self.run("INSERT OR REPLACE INTO scim_counter VALUES (?, ?)", params![counter, new])?;
        Ok(())
    }

    fn append(&self, event: Event) -> Result<(), Fault> {
        let sql = "SELECT sequence, digest FROM scim_event ORDER BY sequence DESC LIMIT 1";
        let last =
            self.db.query_row(sql, [], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional()?;
        let (last, digest) = last.unwrap_or((0, hash_chain::START));
        let event = hash_chain::record(&digest, last + 1, self.at, self.actor, event);
        let (body, subject) = (&event.event.body, event.event.subject.as_ref());
        self.run(
            "INSERT INTO scim_event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                event.sequence.cast_signed(),
                event.at.cast_signed(),
                event.actor,
                event.event.channel == Channel::Audit,
                event.event.name,
                subject.map(|key| &key.kind),
                subject.map(|key| &key.id),
                body,
                event.body_digest,
                event.digest,
            ],
        )?;
        Ok(())
    }

    fn redact(&self, subject: &Key) -> Result<(), Fault> {
        let sql = "UPDATE scim_event SET body = '' WHERE kind = ? AND id = ?";
        self.run(sql, [&subject.kind, &subject.id])?;
        Ok(())
    }

    /// Checks what may only be judged after the last write: ends of links, and unique terms.
    /// Returns the first write at fault.
    fn check(&self) -> Result<(), (u32, Fault)> {
        let missing = self.missing_end().map_err(|fault| (0, fault))?;
        let taken = self.taken_term().map_err(|fault| (0, fault))?;
        match missing.into_iter().chain(taken).min_by_key(|(write, _)| *write) {
            Some((write, refusal)) => Err((write, Fault::Refused(refusal))),
            None => Ok(()),
        }
    }

    fn missing_end(&self) -> Result<Option<(u32, Refusal)>, Fault> {
        for (write, end) in &self.ends {
            match self.expect(end, None) {
                Ok(_) => {}
                Err(Fault::Refused(refusal)) => return Ok(Some((*write, refusal))),
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    /// The first write that set a unique term which another entry holds.
    fn taken_term(&self) -> Result<Option<(u32, Refusal)>, Fault> {
        let sql = "SELECT entry.draft, term.path
            FROM scim_entry entry JOIN scim_term term ON term.entry = entry.seq
            JOIN scim_term held ON held.kind = term.kind AND held.path = term.path
              AND held.value = term.value AND held.entry <> term.entry
            JOIN scim_entry holder ON holder.seq = held.entry
            WHERE entry.changed AND entry.draft IS NOT NULL AND term.is_unique AND held.is_unique
              AND coalesce(holder.draft, -1) < entry.draft
            ORDER BY entry.draft LIMIT 1";
        let read = |row: &Row<'_>| Ok((row.get(0)?, Refusal::Taken(row.get(1)?)));
        Ok(self.db.prepare_cached(sql)?.query_row([], read).optional()?)
    }

    fn raise_versions(&self) -> rusqlite::Result<Vec<(Key, u64)>> {
        let mut statement = self.db.prepare_cached(
            "UPDATE scim_entry
             SET version = version + 1, modified = ?, changed = FALSE, draft = NULL
             WHERE changed RETURNING kind, id, version",
        )?;
        let read =
            |row: &Row<'_>| Ok((Key { kind: row.get(0)?, id: row.get(1)? }, unsigned(row, 2)?));
        statement.query_map([self.at.cast_signed()], read)?.collect()
    }
}
