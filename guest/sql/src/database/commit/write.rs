//! Writes the result of a commit: terms, links, entries and counters, then what all commits of a
//! tenant share: the counts.

use scimlet_store::{ChainHead, OrderedMap, OrderedSet, Refusal, Rejection};

use super::Stop;
use super::statements::Writer;
use crate::commit::{AddedTerm, Change, FieldRows, NewEntry, TermRow, TermRows};
use crate::database::connection::{Connection, execute};
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
    let made = writer.make_rows(connection, target, change)?;
    let rows = made.as_ref().unwrap_or(&target.rows);
    let terms = TermRows::of(change, rows);
    let (new, changed) = (change.new_entries(rows), change.changed_entries());

    let mut statements = writer.delete_terms(&terms.gone);
    let unique: Vec<(&TermRow, &AddedTerm<'_>)> =
        terms.added.iter().filter(|(_, term)| term.unique).collect();
    let (unique_from, mut unique_to) = (statements.len(), statements.len());
    let inserted = writer.insert_terms(unique.iter().map(|(row, _)| *row), true);
    unique_to += inserted.len();
    statements.extend(inserted);
    let others = terms.added.iter().filter(|(_, term)| !term.unique);
    statements.extend(writer.insert_terms(others.map(|(row, _)| row), false));
    statements.extend(writer.links(&change.link_rows()));
    statements.extend(writer.remove(&change.removed_rows()));
    let new_from = statements.len();
    statements.extend(writer.insert(&new, at));
    let new_to = statements.len();
    statements.extend(writer.update(&changed, at));
    statements.extend(writer.counters(change));
    statements.push(writer.lock_tenant());
    statements.extend(writer.count("scimlet_kind", &terms.counts.kinds));
    statements.extend(writer.count("scimlet_field", &terms.counts.fields));
    statements.push(writer.end(&change.loaded.expected));

    let mut found = execute(connection, statements)?;
    let taken = taken(&unique, found.get_mut(unique_from..unique_to).unwrap_or_default())?;
    if let Some(first) = [fault, taken].into_iter().flatten().min_by_key(|fault| fault.write) {
        return Err(first.into());
    }
    exists(&new, found.get_mut(new_from..new_to).unwrap_or_default())?;
    read_end(found.pop(), change.loaded.expected.len())
}

/// Returns the refusal of the first write with a unique term that was not inserted.
fn taken(
    unique: &[(&TermRow, &AddedTerm<'_>)],
    made: &mut [Vec<Row>],
) -> Result<Option<Rejection>, Refusal> {
    let mut left: OrderedMap<(i64, i64), usize> = OrderedMap::new();
    for ((field, _, seq), _) in unique {
        left.change((*field, *seq), |count| *count += 1);
    }
    for row in made.iter_mut().flatten() {
        if let Some(count) = left.get_mut(&(row.integer()?, row.integer()?)) {
            *count = count.saturating_sub(1);
        }
    }
    let is_left = |(field, _, seq): &TermRow| left.get(&(*field, *seq)).is_some_and(|n| *n > 0);
    let left_out = unique.iter().filter(|(row, _)| is_left(row)).map(|(_, term)| *term);
    Ok(AddedTerm::first_taken(left_out))
}

/// Refuses a key that another commit has inserted meanwhile.
fn exists(new: &[NewEntry<'_>], made: &mut [Vec<Row>]) -> Result<(), Stop> {
    let mut inserted = OrderedSet::new();
    for row in made.iter_mut().flatten() {
        inserted.insert(row.integer()?);
    }
    let left_out = new.iter().filter(|entry| !inserted.contains(&entry.seq));
    match left_out.map(NewEntry::taken).min_by_key(|taken| taken.write) {
        None => Ok(()),
        Some(taken) => Err(taken.into()),
    }
}

fn read_end(rows: Option<Vec<Row>>, expected: usize) -> Result<End, Stop> {
    let Some(mut row) = rows.unwrap_or_default().into_iter().next() else {
        return Err(Refusal::NotDone("the tenant was deleted".into()).into());
    };
    let last = ChainHead { sequence: row.unsigned()?, digest: row.bytes()? };
    let at = row.optional_integer()?;
    if row.place()? != expected {
        return Err(Stop::Conflict);
    }
    Ok(End { last, at })
}
