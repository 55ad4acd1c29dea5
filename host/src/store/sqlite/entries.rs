//! The writes that insert, replace, remove or expect entries.

use rusqlite::{OptionalExtension as _, params};

use super::commit::{Change, Held, name};
use super::error::SqliteResult;
use super::rows;
use super::sweep;
use crate::store::{Draft, Key, Refusal, Removal, Replacement, digest};

impl Change<'_> {
    /// Returns the entry as it is after the writes so far.
    pub(super) fn held(&mut self, key: &Key) -> SqliteResult<Option<&mut Held>> {
        let name = name(key);
        if !self.entries.contains_key(&name) {
            let found = self.load(key)?;
            self.entries.insert(name.clone(), found);
        }
        Ok(self.entries.get_mut(&name).and_then(Option::as_mut))
    }

    fn load(&self, key: &Key) -> SqliteResult<Option<Held>> {
        let mut statement = self.db.prepare_cached(
            "SELECT e.seq, e.version FROM scimlet_kind k
             JOIN scimlet_entry e ON e.kind = k.id AND e.id = ?3
             WHERE k.tenant = ?1 AND k.name = ?2",
        )?;
        let held = statement.query_row(params![self.tenant, key.kind, key.id], |row| {
            Ok(Held {
                seq: row.get(0)?,
                before: rows::unsigned(row.get(1)?),
                changed: false,
                body: None,
                terms: None,
            })
        });
        Ok(held.optional()?)
    }

    pub(super) fn insert(&mut self, draft: Draft) -> SqliteResult<()> {
        if self.held(&draft.key)?.is_some() {
            return Err(Refusal::Taken("id".into()).into());
        }
        let kind = self.kind(&draft.key.kind)?;
        self.db
            .prepare_cached(
                "INSERT INTO scimlet_entry(kind, id, version, created, modified, body, digest,
                 digest_version)
                 VALUES (?1, ?2, 1, ?3, ?3, ?4, ?5, 1)",
            )?
            .execute(params![
                kind,
                draft.key.id,
                self.at,
                draft.body,
                digest::of(draft.body.as_bytes())
            ])?;
        self.counts.kinds.change(kind, |count| *count += 1);
        let held = Held {
            seq: self.db.last_insert_rowid(),
            before: 0,
            changed: true,
            body: None,
            terms: Some((self.write, draft.terms)),
        };
        self.entries.insert(name(&draft.key), Some(held));
        self.settle(&draft.key)
    }

    /// Returns the id of a kind's row, and inserts the row for the kind's first entry.
    fn kind(&self, name: &str) -> SqliteResult<i64> {
        if let Some(kind) = rows::kind(self.db, self.tenant, name)? {
            return Ok(kind.id);
        }
        let mut statement =
            self.db.prepare_cached("INSERT INTO scimlet_kind(tenant, name) VALUES (?, ?)")?;
        Ok(statement.insert(params![self.tenant, name])?)
    }

    pub(super) fn replace(
        &mut self,
        Replacement { draft, version }: Replacement,
    ) -> SqliteResult<()> {
        let write = self.write;
        let held = self.expect(&draft.key, Some(version))?;
        held.changed = true;
        held.body = Some(draft.body);
        held.terms = Some((write, draft.terms));
        Ok(())
    }

    /// Returns the entry.
    ///
    /// # Errors
    /// [`Refusal::Missing`] if it does not exist, [`Refusal::Stale`] if it had another version
    /// before this commit.
    pub(super) fn expect(&mut self, key: &Key, version: Option<u64>) -> SqliteResult<&mut Held> {
        let Some(held) = self.held(key)? else {
            return Err(Refusal::Missing(key.clone()).into());
        };
        if version.is_some_and(|version| version != held.before) {
            return Err(Refusal::Stale(key.clone()).into());
        }
        Ok(held)
    }

    pub(super) fn remove(&mut self, removal: &Removal) -> SqliteResult<()> {
        let seq = self.expect(&removal.key, removal.version)?.seq;
        self.forget_waiting(&removal.key);
        self.unlink_arriving(seq)?;
        for linkset in sweep::linksets(self.db, seq)? {
            sweep::retire_linkset(self.db, linkset)?;
        }
        self.remove_terms(seq)?;
        let kind = self.kind(&removal.key.kind)?;
        self.counts.kinds.change(kind, |count| *count -= 1);
        self.db.prepare_cached("DELETE FROM scimlet_entry WHERE seq = ?")?.execute([seq])?;
        self.entries.insert(name(&removal.key), None);
        Ok(())
    }
}
