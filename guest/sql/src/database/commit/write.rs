//! Writes the terms, links and entries of a commit, and then waits for the tenant's row.

use scimlet_store::{ChainHead, OrderedMap, OrderedSet, Refusal, Rejection};

use super::Stop;
use super::load::deleted;
use super::statements::Writer;
use crate::commit::{AddedTerm, Change, Counts, FieldRows, NewEntry, TermRow, TermRows};
use crate::database::connection::{Batch, Connection};
use crate::database::row::Row;

/// The rows that a commit refers to.
pub(super) struct Target {
    /// The tenant's row.
    pub(super) tenant: i64,
    /// The known rows of kinds and paths.
    pub(super) rows: FieldRows,
}

/// The tenant's events before this commit, which has locked the tenant's row, and what the commit
/// changes of what all commits of the tenant share.
pub(super) struct End<'w> {
    /// The last event.
    pub(super) last: ChainHead,
    /// The time of the last event in milliseconds since 1970; `None` if there is none.
    pub(super) at: Option<i64>,
    /// The new values of the adjusted counters.
    pub(super) counters: OrderedMap<&'w str, i64>,
    /// The changes of the numbers of entries.
    pub(super) counts: Counts,
}

/// Writes terms, links and entries at the time `at`, and locks the tenant's row.
///
/// # Errors
/// The failure of the earliest write.
pub(super) fn write<'w>(
    connection: &impl Connection,
    target: &Target,
    at: i64,
    change: &Change<'w>,
    fault: Option<Rejection>,
) -> Result<End<'w>, Stop> {
    let writer = Writer { dialect: connection.dialect(), tenant: target.tenant };
    let new_rows = writer.make_rows(connection, target, change)?;
    let rows = new_rows.as_ref().unwrap_or(&target.rows);
    let terms = TermRows::of(change, rows);
    let (new, changed) = (change.new_entries(rows), change.changed_entries());

    let (unique, others): (Vec<_>, Vec<_>) = terms.added.iter().partition(|(_, term)| term.unique);
    let mut batch = Batch::default();
    batch.add(writer.delete_terms(&terms.gone));
    let made = batch.add(writer.insert_terms(unique.iter().map(|(row, _)| *row), true));
    batch.add(writer.insert_terms(others.iter().map(|(row, _)| *row), false));
    batch.add(writer.links(&change.link_rows()));
    batch.add(writer.remove(&change.removed_rows()));
    let inserted = batch.add(writer.insert(&new, at));
    batch.add(writer.update(&changed, at));
    batch.add(writer.lock_tenant());
    let expected = &change.loaded.expected;
    let end = batch.add([writer.end(expected, change.counters())]);
    let mut answers = batch.execute(connection)?;

    let end = read_end(answers.rows(end))?;
    if end.unchanged != expected.len() {
        return Err(Stop::Conflict);
    }
    let taken = taken(&unique, answers.rows(made))?;
    let exists = exists(&new, answers.rows(inserted))?;
    let sums = change.sums(&end.counters);
    let faults = [fault, exists, taken, sums.as_ref().err().cloned()].into_iter().flatten();
    if let Some(first) = faults.min_by_key(|fault| fault.write) {
        return Err(first.into());
    }
    Ok(End { last: end.last, at: end.at, counters: sums?, counts: terms.counts })
}

/// Returns the refusal of the first write with a unique term that was not inserted.
fn taken(
    unique: &[(&TermRow, &AddedTerm<'_>)],
    made: Vec<Row>,
) -> Result<Option<Rejection>, Refusal> {
    let mut left: OrderedMap<(i64, i64), usize> = OrderedMap::new();
    for ((field, _, seq), _) in unique {
        left.change((*field, *seq), |count| *count += 1);
    }
    for mut row in made {
        if let Some(count) = left.get_mut(&(row.integer()?, row.integer()?)) {
            *count = count.saturating_sub(1);
        }
    }
    let is_left = |(field, _, seq): &TermRow| left.get(&(*field, *seq)).is_some_and(|n| *n > 0);
    let left_out = unique.iter().filter(|(row, _)| is_left(row)).map(|(_, term)| *term);
    Ok(AddedTerm::first_taken(left_out))
}

/// Returns the refusal of the first key that another commit has inserted meanwhile.
fn exists(new: &[NewEntry<'_>], made: Vec<Row>) -> Result<Option<Rejection>, Refusal> {
    let mut inserted = OrderedSet::new();
    for mut row in made {
        inserted.insert(row.integer()?);
    }
    let left_out = new.iter().filter(|entry| !inserted.contains(&entry.seq));
    Ok(left_out.map(NewEntry::taken).min_by_key(|taken| taken.write))
}

/// The state that a commit reads once it has locked the tenant's row.
struct Locked {
    last: ChainHead,
    at: Option<i64>,
    /// How many of the expected entries have their versions.
    unchanged: usize,
    /// The counters that exist.
    counters: OrderedMap<String, i64>,
}

/// Reads the rows of [`Writer::end`].
fn read_end(rows: Vec<Row>) -> Result<Locked, Stop> {
    let mut end = None;
    let mut counters = OrderedMap::new();
    for mut row in rows {
        let last = ChainHead { sequence: row.unsigned()?, digest: row.bytes()? };
        end = Some((last, row.optional_integer()?, row.place()?));
        if let Some(name) = row.optional_text()? {
            counters.insert(name, row.integer()?);
        }
    }
    let (last, at, unchanged) = end.ok_or_else(deleted)?;
    Ok(Locked { last, at, unchanged, counters })
}
