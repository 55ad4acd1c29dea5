//! Writes the terms of inserted and replaced entries: only the differences. All removals come
//! before all insertions, so that entries may swap a unique term within one commit; unique terms
//! come first, so that a commit that is refused for one has written little.

use std::collections::BTreeMap;

use rusqlite::{ErrorCode, params};
use scimlet_sql::Stored;
use scimlet_sql::commit::Terms;

use super::commit::Change;
use super::error::{SqliteError, SqliteResult};
use super::rows;
use super::value::{Column, parameter};
use crate::store::{Refusal, Rejection, Term};

const INSERT: &str = "INSERT INTO scimlet_term VALUES (?, ?, ?, ?)";

/// The terms that one entry will have.
struct Wanted {
    /// The number of the write that set them.
    write: u32,
    seq: i64,
    terms: Terms,
    /// Paths by field id, for refusals.
    paths: BTreeMap<i64, String>,
}

impl Wanted {
    /// Returns the unique terms, or those that are not.
    fn with(&self, unique: bool) -> impl Iterator<Item = &(i64, Stored)> {
        self.terms.iter().filter(move |(_, is)| **is == unique).map(|(term, _)| term)
    }
}

impl Change<'_> {
    /// Writes all terms that changed. A unique term that is already in use is refused as `taken`
    /// for the later of the two writes.
    pub(super) fn write_terms(&mut self) -> Result<(), Rejection> {
        let failed = |write| move |fault: SqliteError| Rejection { write, reason: fault.into() };
        let mut added = Vec::new();
        for wanted in self.wanted().map_err(failed(0))? {
            let write = wanted.write;
            added.push(self.remove_unwanted(wanted).map_err(failed(write))?);
        }
        let mut taken = Vec::new();
        for wanted in &added {
            let found = self.add_unique(wanted, &added).map_err(failed(wanted.write))?;
            taken.extend(found);
        }
        if let Some((write, path)) = taken.into_iter().min() {
            return Err(Rejection { write, reason: Refusal::Taken(path) });
        }
        added.iter().try_for_each(|wanted| self.add_others(wanted).map_err(failed(wanted.write)))
    }

    /// Returns the terms of inserted and replaced entries, in the order of the writes.
    fn wanted(&mut self) -> SqliteResult<Vec<Wanted>> {
        let mut drafts = Vec::new();
        for ((kind, _), held) in &mut self.entries {
            let Some(held) = held else { continue };
            if let Some((write, terms)) = held.terms.take() {
                drafts.push((write, kind.clone(), held.seq, terms));
            }
        }
        drafts.sort_by_key(|(write, ..)| *write);
        drafts
            .into_iter()
            .map(|(write, kind, seq, terms)| self.name_fields(write, &kind, seq, terms))
            .collect()
    }

    fn name_fields(
        &self,
        write: u32,
        kind: &str,
        seq: i64,
        terms: Vec<Term>,
    ) -> SqliteResult<Wanted> {
        let mut wanted = Wanted { write, seq, terms: Terms::new(), paths: BTreeMap::new() };
        let Some(kind) = rows::kind(self.db, self.tenant, kind)? else {
            return Ok(wanted);
        };
        for term in terms {
            let field = self.field(kind.id, &term.path)?;
            wanted.terms.change((field, term.value.into()), |unique| *unique |= term.unique);
            wanted.paths.insert(field, term.path);
        }
        Ok(wanted)
    }

    /// Returns the id of a path's row, and inserts the row for the path's first term.
    fn field(&self, kind: i64, path: &str) -> SqliteResult<i64> {
        if let Some(field) = rows::field(self.db, kind, path)? {
            return Ok(field.id);
        }
        let mut statement =
            self.db.prepare_cached("INSERT INTO scimlet_field(kind, path) VALUES (?, ?)")?;
        Ok(statement.insert(params![kind, path])?)
    }

    /// Removes the terms that are no longer wanted. Returns those of `wanted` that are new.
    fn remove_unwanted(&mut self, mut wanted: Wanted) -> SqliteResult<Wanted> {
        let old = self.terms_of(wanted.seq)?;
        self.counts.count_terms(&old, &wanted.terms);
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM scimlet_term WHERE field = ? AND value = ? AND seq = ?")?;
        for (term, unique) in &old {
            if wanted.terms.get(term) == Some(unique) {
                wanted.terms.remove(term);
            } else {
                delete.execute(params![term.0, parameter(&term.1), wanted.seq])?;
            }
        }
        Ok(wanted)
    }

    fn terms_of(&self, seq: i64) -> SqliteResult<Terms> {
        let mut statement = self
            .db
            .prepare_cached("SELECT field, value, is_unique FROM scimlet_term WHERE seq = ?")?;
        let terms = statement
            .query_map([seq], |row| Ok(((row.get(0)?, row.get::<_, Column>(1)?.0), row.get(2)?)))?;
        Ok(terms.collect::<Result<_, _>>()?)
    }

    /// Inserts the new unique terms. Returns those that another entry holds, each with the later
    /// of the writes that set it.
    fn add_unique(&self, wanted: &Wanted, all: &[Wanted]) -> SqliteResult<Vec<(u32, String)>> {
        let mut insert = self.db.prepare_cached(INSERT)?;
        let mut taken = Vec::new();
        for (field, value) in wanted.with(true) {
            match insert.execute(params![field, parameter(value), wanted.seq, true]) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    let path = wanted.paths.get(field).cloned().unwrap_or_default();
                    let holder = self.holder(*field, value)?;
                    let holder = all.iter().find(|other| other.seq == holder);
                    let set = holder.map_or(0, |other| other.write);
                    taken.push((set.max(wanted.write), path));
                }
                result => {
                    result?;
                }
            }
        }
        Ok(taken)
    }

    /// Inserts the new terms that are not unique.
    fn add_others(&self, wanted: &Wanted) -> SqliteResult<()> {
        let mut insert = self.db.prepare_cached(INSERT)?;
        for (field, value) in wanted.with(false) {
            insert.execute(params![field, parameter(value), wanted.seq, false])?;
        }
        Ok(())
    }

    /// Returns the entry that holds a unique term.
    fn holder(&self, field: i64, value: &Stored) -> SqliteResult<i64> {
        let mut holder = self.db.prepare_cached(
            "SELECT seq FROM scimlet_term WHERE field = ? AND value = ? AND is_unique",
        )?;
        Ok(holder.query_row(params![field, parameter(value)], |row| row.get(0))?)
    }

    /// Removes all terms of an entry that is being removed.
    pub(super) fn remove_terms(&mut self, seq: i64) -> SqliteResult<()> {
        let old = self.terms_of(seq)?;
        self.counts.count_terms(&old, &Terms::new());
        self.db.prepare_cached("DELETE FROM scimlet_term WHERE seq = ?")?.execute([seq])?;
        Ok(())
    }

    /// Adds the counted changes to the numbers of entries of kinds and fields.
    pub(super) fn write_counts(&self) -> SqliteResult<()> {
        for (table, counts) in [
            ("UPDATE scimlet_kind SET entries = entries + ? WHERE id = ?", &self.counts.kinds),
            ("UPDATE scimlet_field SET entries = entries + ? WHERE id = ?", &self.counts.fields),
        ] {
            let mut statement = self.db.prepare_cached(table)?;
            for (id, by) in counts.iter().filter(|(_, by)| **by != 0) {
                statement.execute([by, id])?;
            }
        }
        Ok(())
    }
}
