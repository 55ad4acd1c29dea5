//! Writes the result of a commit: terms, links, entries and counters, then what all commits of a
//! tenant share: the counts.

use scimlet_store::{ChainHead, OrderedMap, OrderedSet, Refusal, Rejection};

use super::Stop;
use super::load::deleted;
use super::statements::Writer;
use crate::commit::{AddedTerm, Change, FieldRows, NewEntry, TermRow, TermRows};
use crate::database::connection::{Batch, Connection};
use crate::database::row::Row;

/// The rows that a commit refers to.
pub(super) struct Target {
    /// The tenant's row.
    pub(super) tenant: i64,
    /// The known rows of kinds and paths.
    pub(super) rows: FieldRows,
}

/// The tenant's events before this commit, which has locked the tenant's row.
pub(super) struct End {
    /// The last event.
    pub(super) last: ChainHead,
    /// The time of the last event in milliseconds since 1970; `None` if there is none.
    pub(super) at: Option<i64>,
}

/// Writes everything but events, at the time `at`.
///
/// # Errors
/// The failure of the earliest write.
pub(super) fn write(
    connection: &impl Connection,
    target: &Target,
    at: i64,
    change: &Change<'_>,
    fault: Option<Rejection>,
) -> Result<End, Stop> {
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
    batch.add(writer.counters(change));
    batch.add(writer.lock_tenant());
    batch.add(writer.count("scimlet_kind", &terms.counts.kinds));
    batch.add(writer.count("scimlet_field", &terms.counts.fields));
    let end = batch.add([writer.end(&change.loaded.expected)]);
    let mut answers = batch.execute(connection)?;

    let taken = taken(&unique, answers.rows(made))?;
    if let Some(first) = [fault, taken].into_iter().flatten().min_by_key(|fault| fault.write) {
        return Err(first.into());
    }
    exists(&new, answers.rows(inserted))?;
    read_end(answers.rows(end), change.loaded.expected.len())
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

/// Refuses a key that another commit has inserted meanwhile.
fn exists(new: &[NewEntry<'_>], made: Vec<Row>) -> Result<(), Stop> {
    let mut inserted = OrderedSet::new();
    for mut row in made {
        inserted.insert(row.integer()?);
    }
    let left_out = new.iter().filter(|entry| !inserted.contains(&entry.seq));
    match left_out.map(NewEntry::taken).min_by_key(|taken| taken.write) {
        None => Ok(()),
        Some(taken) => Err(taken.into()),
    }
}

fn read_end(rows: Vec<Row>, expected: usize) -> Result<End, Stop> {
    let mut row = rows.into_iter().next().ok_or_else(deleted)?;
    let last = ChainHead { sequence: row.unsigned()?, digest: row.bytes()? };
    let at = row.optional_integer()?;
    if row.place()? != expected {
        return Err(Stop::Conflict);
    }
    Ok(End { last, at })
}
