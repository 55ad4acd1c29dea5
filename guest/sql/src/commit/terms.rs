//! The terms of inserted and replaced entries: only the differences are written. All deletions come
//! before all insertions, so that entries may swap a unique term within one commit.

use scimlet_store::{Refusal, Rejection};

use super::change::{Change, Wanted};
use super::fields::FieldRows;
use super::loaded::Terms;
use crate::Stored;
use scimlet_store::{OrderedMap, OrderedSet};

/// The row of a term: field, value and entry, in the order of the index.
pub type TermRow = (i64, Stored, i64);

/// Changes to the numbers of entries, by the row ids of kinds and of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By kinds.
    pub kinds: OrderedMap<i64, i64>,
    /// By fields.
    pub fields: OrderedMap<i64, i64>,
}

/// A term to insert, beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedTerm<'a> {
    /// Whether no other entry may have it as a unique term.
    pub unique: bool,
    write: u32,
    path: &'a str,
}

impl AddedTerm<'_> {
    /// Returns the refusal for the earliest of terms that other entries hold; `None` if there are
    /// none.
    pub fn first_taken<'a>(taken: impl Iterator<Item = &'a AddedTerm<'a>>) -> Option<Rejection> {
        let first = taken.min_by_key(|term| term.write)?;
        Some(Rejection { write: first.write, reason: Refusal::Taken(first.path.to_owned()) })
    }
}

/// The rows of terms that a commit writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermRows<'a> {
    /// The rows to delete.
    pub gone: OrderedSet<TermRow>,
    /// The rows to insert after that, in the order of the index, as all commits insert them.
    pub added: OrderedMap<TermRow, AddedTerm<'a>>,
    /// The changes to the numbers of entries.
    pub counts: Counts,
}

impl<'a> TermRows<'a> {
    /// Returns the rows of a change. A unique term that several entries claim goes to the first of
    /// them, even if another one had it; [`Change::of`] has returned the refusal of the others.
    #[must_use]
    pub fn of(change: &'a Change<'_>, rows: &FieldRows) -> TermRows<'a> {
        let mut written = TermRows::default();
        let none = Terms::new();
        let old = |seq: &i64| change.loaded.terms.get(seq).unwrap_or(&none);
        for (_, seq) in &change.removed {
            written.counts.count_terms(old(seq), &none);
            let gone = old(seq).keys().map(|(field, value)| (*field, value.clone(), *seq));
            written.gone.extend(gone);
        }
        let wanted: Vec<Named<'_>> =
            change.wanted().iter().map(|one| Named::new(one, rows)).collect();
        let owners = contested(&wanted);
        for one in &wanted {
            written.replace(one, old(&one.seq), &owners);
        }
        written.counts.count_entries(change, rows);
        written
    }

    fn replace(&mut self, one: &Named<'a>, old: &Terms, owners: &Owners<'_>) {
        self.counts.count_terms(old, &one.terms);
        let stays = |term: &Term, unique: &bool, other: &Terms| {
            other.get(term) == Some(unique) && !owners.contains_key(term)
        };
        let row = |(field, value): &Term| (*field, value.clone(), one.seq);
        let gone = old.iter().filter(|(term, unique)| !stays(term, unique, &one.terms));
        self.gone.extend(gone.map(|(term, _)| row(term)));
        for (term, unique) in &one.terms {
            let is_owned = || owners.get(term).is_none_or(|first| *first == one.write);
            if !stays(term, unique, old) && (!unique || is_owned()) {
                let path = one.paths.get(&term.0).copied().unwrap_or_default();
                let added = AddedTerm { unique: *unique, write: one.write, path };
                self.added.insert(row(term), added);
            }
        }
    }
}

/// A field and a value.
type Term = (i64, Stored);

/// Unique terms that several entries claim, with the first write that does.
type Owners<'a> = OrderedMap<&'a Term, u32>;

fn contested<'a>(wanted: &'a [Named<'_>]) -> Owners<'a> {
    let mut claims: OrderedMap<&Term, Vec<u32>> = OrderedMap::new();
    for one in wanted {
        for (term, _) in one.terms.iter().filter(|(_, unique)| **unique) {
            claims.change(term, |writes| writes.push(one.write));
        }
    }
    let contested = claims.into_iter().filter(|(_, writes)| writes.len() > 1);
    contested.filter_map(|(term, writes)| Some((term, *writes.first()?))).collect()
}

/// The terms that one entry will have, by the row ids of their fields.
struct Named<'a> {
    write: u32,
    seq: i64,
    terms: Terms,
    /// Paths by field row, for refusals.
    paths: OrderedMap<i64, &'a str>,
}

impl<'a> Named<'a> {
    fn new(wanted: &Wanted<'a>, rows: &FieldRows) -> Named<'a> {
        let mut named = Named {
            write: wanted.write,
            seq: wanted.seq,
            terms: Terms::new(),
            paths: OrderedMap::new(),
        };
        for term in wanted.terms {
            if let Some(field) = rows.field(wanted.kind, &term.path) {
                let value = term.value.clone().into();
                named.terms.change((field, value), |unique| *unique |= term.unique);
                named.paths.insert(field, term.path.as_str());
            }
        }
        named
    }
}

impl Counts {
    /// Counts an entry once for each field that it has terms of, before and after the commit.
    pub fn count_terms(&mut self, old: &Terms, new: &Terms) {
        let (old, new) = (fields(old), fields(new));
        for field in old.difference(&new) {
            self.fields.change(*field, |count| *count -= 1);
        }
        for field in new.difference(&old) {
            self.fields.change(*field, |count| *count += 1);
        }
    }

    /// Counts the inserted and removed entries.
    fn count_entries(&mut self, change: &Change<'_>, rows: &FieldRows) {
        let new = change.entries.iter().filter(|(_, held)| held.before == 0);
        let came = new.map(|(key, _)| (key.kind.as_str(), 1));
        let went = change.removed.iter().map(|(kind, _)| (*kind, -1));
        for (kind, by) in came.chain(went) {
            if let Some(kind) = rows.kind(kind) {
                self.kinds.change(kind, |count| *count += by);
            }
        }
    }
}

/// Returns the fields of terms.
fn fields(terms: &Terms) -> OrderedSet<i64> {
    terms.keys().map(|(field, _)| *field).collect()
}
