//! Writes the terms of inserted and replaced entries: only the differences. All removals come
//! before all insertions, so that entries may swap a unique term within one commit.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Wanted};
use super::fields::Rows;
use super::load::Terms;
use crate::store::postgres::dialect::encode;
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::session::Session;
use crate::store::{Refusal, Rejection};

/// Changes to the numbers of entries, by the row ids of kinds and of fields.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) kinds: BTreeMap<i64, i64>,
    pub(super) fields: BTreeMap<i64, i64>,
}

/// The terms that one entry will have, by the row ids of their fields.
struct Named<'a> {
    write: u32,
    seq: i64,
    terms: Terms,
    /// Paths by field row, for refusals.
    paths: BTreeMap<i64, &'a str>,
}

/// A term to insert.
struct Added<'a> {
    write: u32,
    seq: i64,
    path: &'a str,
    unique: bool,
}

/// Writes all terms that changed. Returns the counts, and the first write that claims a unique term
/// which another entry holds.
pub(super) async fn write(
    session: &Session,
    tenant: i64,
    change: &Change<'_>,
    rows: &Rows,
) -> PostgresResult<(Counts, Option<Rejection>)> {
    let mut counts = Counts::default();
    let none = Terms::new();
    let mut gone: Vec<(i64, String, i64)> = Vec::new();
    let mut added: BTreeMap<(i64, String, i64), Added<'_>> = BTreeMap::new();
    for (_, seq) in &change.removed {
        let old = change.loaded.terms.get(seq).unwrap_or(&none);
        counts.count(old, &none);
        gone.extend(old.keys().map(|(field, value)| (*field, value.clone(), *seq)));
    }
    let wanted: Vec<Named<'_>> = change.wanted().iter().map(|one| Named::new(one, rows)).collect();
    // A unique term that several entries claim goes to the first of them, even if another one had
    // it; the others are refused.
    let mut owners: BTreeMap<&(i64, String), Vec<u32>> = BTreeMap::new();
    for one in &wanted {
        for (term, _) in one.terms.iter().filter(|(_, unique)| **unique) {
            owners.entry(term).or_default().push(one.write);
        }
    }
    owners.retain(|_, writes| writes.len() > 1);
    for one in &wanted {
        let old = change.loaded.terms.get(&one.seq).unwrap_or(&none);
        counts.count(old, &one.terms);
        let owners = |term| owners.get(term).and_then(|writes| writes.first());
        let stays =
            |term, unique, other: &Terms| other.get(term) == Some(unique) && owners(term).is_none();
        for (term, _) in old.iter().filter(|(term, unique)| !stays(*term, *unique, &one.terms)) {
            gone.push((term.0, term.1.clone(), one.seq));
        }
        for (term, unique) in one.terms.iter().filter(|(term, unique)| !stays(*term, *unique, old))
        {
            if *unique && owners(term).is_some_and(|first| *first != one.write) {
                continue;
            }
            let added_term = Added {
                write: one.write,
                seq: one.seq,
                path: one.paths.get(&term.0).copied().unwrap_or_default(),
                unique: *unique,
            };
            added.insert((term.0, term.1.clone(), one.seq), added_term);
        }
    }
    delete(session, gone).await?;
    let taken = insert(session, tenant, added).await?;
    Ok((counts, taken))
}

async fn delete(session: &Session, mut gone: Vec<(i64, String, i64)>) -> PostgresResult<()> {
    if gone.is_empty() {
        return Ok(());
    }
    gone.sort();
    let fields: Vec<i64> = gone.iter().map(|(field, ..)| *field).collect();
    let values: Vec<&str> = gone.iter().map(|(_, value, _)| value.as_str()).collect();
    let seqs: Vec<i64> = gone.iter().map(|(.., seq)| *seq).collect();
    let sql = "DELETE FROM term t USING unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[])
               AS w(field, value, seq)
               WHERE t.field = w.field AND t.value = w.value AND t.seq = w.seq";
    session.run(sql, &[&fields, &values, &seqs]).await
}

/// Inserts the terms in index order, as all commits do. A row that conflicts with another entry's
/// is left out of the result; an uncommitted conflicting row is waited for.
async fn insert(
    session: &Session,
    tenant: i64,
    added: BTreeMap<(i64, String, i64), Added<'_>>,
) -> PostgresResult<Option<Rejection>> {
    if added.is_empty() {
        return Ok(None);
    }
    let fields: Vec<i64> = added.keys().map(|(field, ..)| *field).collect();
    let values: Vec<&str> = added.keys().map(|(_, value, _)| value.as_str()).collect();
    let seqs: Vec<i64> = added.values().map(|term| term.seq).collect();
    let unique: Vec<bool> = added.values().map(|term| term.unique).collect();
    let sql = "INSERT INTO term(tenant, field, value, seq, is_unique)
               SELECT $1, w.field, w.value, w.seq, w.is_unique
               FROM unnest($2::BIGINT[], $3::TEXT[], $4::BIGINT[], $5::BOOLEAN[]) WITH ORDINALITY
                 AS w(field, value, seq, is_unique, place)
               ORDER BY w.place ON CONFLICT DO NOTHING RETURNING field, seq, value";
    let made = session.rows(sql, &[&tenant, &fields, &values, &seqs, &unique]).await?;
    if made.len() == added.len() {
        return Ok(None);
    }
    let made: BTreeSet<(i64, &str, i64)> =
        made.iter().map(|row| (row.get("field"), row.get("value"), row.get("seq"))).collect();
    let left_out =
        added.iter().filter(|((field, value, seq), _)| !made.contains(&(*field, value, *seq)));
    let first = left_out.map(|(_, term)| term).min_by_key(|term| term.write);
    Ok(first
        .map(|term| Rejection { write: term.write, reason: Refusal::Taken(term.path.to_owned()) }))
}

impl Counts {
    /// Counts the entry once for each field that it has terms of.
    fn count(&mut self, old: &Terms, new: &Terms) {
        let fields =
            |terms: &Terms| -> BTreeSet<i64> { terms.keys().map(|(field, _)| *field).collect() };
        let (old, new) = (fields(old), fields(new));
        for field in old.difference(&new) {
            *self.fields.entry(*field).or_default() -= 1;
        }
        for field in new.difference(&old) {
            *self.fields.entry(*field).or_default() += 1;
        }
    }
}

impl<'a> Named<'a> {
    fn new(wanted: &Wanted<'a>, rows: &Rows) -> Named<'a> {
        let mut named = Named {
            write: wanted.write,
            seq: wanted.seq,
            terms: Terms::new(),
            paths: BTreeMap::new(),
        };
        for term in wanted.terms {
            if let Some(field) = rows.field(wanted.kind, &term.path) {
                let value = encode(&term.value.clone().into());
                *named.terms.entry((field, value)).or_default() |= term.unique;
                named.paths.insert(field, term.path.as_str());
            }
        }
        named
    }
}
