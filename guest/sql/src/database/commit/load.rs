//! Locks and loads what a commit names, in one list of statements. A statement after a lock sees
//! everything that was committed before the lock was granted, so what is loaded here stays valid.
//! In SQLite the transaction itself is the lock.
//!
//! Counters are not locked, since all commits of a tenant would wait for each other from there on;
//! they are read again under the tenant's lock. They are loaded before what is expected, so that a
//! full counter is no refusal where the expectation no longer holds.

use scimlet_store::{Key, Link, LinkSet, OrderedMap, OrderedSet, Refusal, Write};

use super::Stop;
use super::queries::Queries;
use crate::commit::{Before, FieldRows, Loaded, LockMode, LockPlan};
use crate::database::connection::{Batch, Connection, execute, rows};
use crate::database::row::Row;
use crate::database::source::numbers;
use crate::{Dialect, Sql};

/// The state before a commit, and the rows that it refers to.
pub(super) struct State {
    /// The tenant's row.
    pub(super) tenant: i64,
    /// The entries, links, terms and counters that the writes name.
    pub(super) before: Loaded,
    /// The rows of the kinds and paths of the writes; those that are new are missing.
    pub(super) rows: FieldRows,
}

/// Locks and loads everything in `plan`.
pub(super) fn load(
    connection: &impl Connection,
    tenant: &str,
    plan: &LockPlan,
    writes: &[Write],
) -> Result<State, Stop> {
    let queries = Queries { dialect: connection.dialect(), tenant };
    let links: Vec<&Link> = plan.links.iter().collect();
    let mut batch = Batch::default();
    let id = batch.add([queries.tenant()]);
    let counters = batch.add(queries.counters(&plan.counters));
    let locks = batch.add(queries.locks(plan));
    let fields = batch.add(queries.fields(writes));
    let terms = batch.add(queries.terms(&plan.rewritten));
    let named = batch.add(queries.links(&links));
    let seqs = batch.add(queries.seqs(plan.inserts));
    let mut answers = batch.execute(connection)?;

    let id = answers.rows(id).into_iter().next().map(|mut row| row.integer());
    let id = id.ok_or_else(deleted)??;
    let mut loaded = Loaded::default();
    entries(answers.rows(locks), &mut loaded.entries)?;
    let rows = field_rows(answers.rows(fields))?;
    read_terms(answers.rows(terms), queries.dialect, &mut loaded)?;
    for mut row in answers.rows(named) {
        if let Some(link) = links.get(row.place()?) {
            loaded.links.insert((*link).clone(), (row.integer()?, row.integer()?));
        }
    }
    for mut row in answers.rows(counters) {
        loaded.counters.insert(row.text()?, row.integer()?);
    }
    loaded.seqs = read_seqs(answers.rows(seqs), queries.dialect, plan.inserts)?;
    absent(connection, &queries, plan, &loaded)?;
    let sources = arriving(connection, &queries, plan, &mut loaded)?;
    loaded.expected = plan.unlocked(&loaded.entries, &sources);
    others(connection, plan, &mut loaded)?;
    Ok(State { tenant: id, before: loaded, rows })
}

/// Refuses what is asked of a tenant that was deleted, or that there never was.
pub(super) fn deleted() -> Refusal {
    Refusal::NotDone("there is no such tenant, or it was deleted".into())
}

fn entries(rows: Vec<Row>, entries: &mut OrderedMap<Key, Before>) -> Result<(), Refusal> {
    for mut row in rows {
        let key = Key { kind: row.text()?, id: row.text()? };
        entries.insert(key, Before { seq: row.integer()?, version: row.integer()? });
    }
    Ok(())
}

/// Reads rows of kinds and paths: name and id of the kind, path and id of the field.
pub(super) fn field_rows(rows: Vec<Row>) -> Result<FieldRows, Refusal> {
    let mut found = FieldRows::default();
    for mut row in rows {
        let (kind, id) = (row.text()?, row.integer()?);
        if let Some(path) = row.optional_text()? {
            found.add_field(kind.clone(), path, row.integer()?);
        }
        found.add_kind(kind, id);
    }
    Ok(found)
}

fn read_terms(rows: Vec<Row>, dialect: Dialect, loaded: &mut Loaded) -> Result<(), Refusal> {
    for mut row in rows {
        let (seq, field) = (row.integer()?, row.integer()?);
        let term = (field, row.term(dialect == Dialect::Postgres)?);
        let unique = row.boolean()?;
        loaded.terms.change(seq, |terms| _ = terms.insert(term, unique));
    }
    Ok(())
}

fn read_seqs(rows: Vec<Row>, dialect: Dialect, count: usize) -> Result<Vec<i64>, Refusal> {
    let seqs: Result<Vec<i64>, Refusal> = rows.into_iter().map(|mut row| row.integer()).collect();
    let seqs = seqs?;
    match dialect {
        Dialect::Postgres => Ok(seqs),
        Dialect::Sqlite => {
            let last = seqs.first().copied().unwrap_or(0);
            Ok((last + 1..).take(count).collect())
        }
    }
}

/// Finds an entry that another commit removed and inserted again while its lock was awaited: it was
/// not locked then.
fn absent(
    connection: &impl Connection,
    queries: &Queries<'_>,
    plan: &LockPlan,
    loaded: &Loaded,
) -> Result<(), Stop> {
    let absent = plan.locks.keys().filter(|key| !loaded.entries.contains_key(*key));
    let absent: Vec<&Key> = absent.collect();
    if queries.dialect == Dialect::Sqlite || absent.len() <= plan.inserts {
        return Ok(());
    }
    let found = rows(connection, queries.lock(LockMode::None, absent.into_iter()))?;
    if found.is_empty() { Ok(()) } else { Err(Stop::Conflict) }
}

/// Loads the links to entries that are removed; their sources change. No new links can appear, but
/// until the sources are locked another commit may remove one, so this reads again after locking.
/// Returns the locked sources.
fn arriving(
    connection: &impl Connection,
    queries: &Queries<'_>,
    plan: &LockPlan,
    loaded: &mut Loaded,
) -> Result<OrderedSet<Key>, Stop> {
    let removed = plan.removed.iter();
    let targets: OrderedMap<i64, &Key> =
        removed.filter_map(|key| Some((loaded.entries.get(key)?.seq, key))).collect();
    let mut locked = OrderedSet::new();
    if targets.is_empty() {
        return Ok(locked);
    }
    loop {
        let found = sources(connection, &targets)?;
        let fresh: OrderedSet<&Key> = found.iter().map(|(link, _)| &link.source).collect();
        let fresh = fresh.iter().filter(|key| !plan.is_write_locked(key));
        let fresh = fresh.filter(|key| !locked.contains(**key));
        let fresh: Vec<Key> = fresh.map(|key| (*key).clone()).collect();
        if fresh.is_empty() {
            loaded.links.extend(found);
            return Ok(locked);
        }
        let mode = match queries.dialect {
            Dialect::Sqlite => LockMode::None,
            Dialect::Postgres => LockMode::NoKeyUpdate,
        };
        let found = rows(connection, queries.lock(mode, fresh.iter()))?;
        entries(found, &mut loaded.entries)?;
        locked.extend(fresh);
    }
}

/// A link, and the rows of its ends.
type Linked = (Link, (i64, i64));

fn sources(
    connection: &impl Connection,
    targets: &OrderedMap<i64, &Key>,
) -> Result<Vec<Linked>, Stop> {
    let sql = Sql::new(
        "SELECT k.name, e.id, s.name, s.source, l.target
         FROM scimlet_link l JOIN scimlet_linkset s ON s.id = l.linkset
         JOIN scimlet_entry e ON e.seq = s.source JOIN scimlet_kind k ON k.id = e.kind
         WHERE l.target IN (",
    )
    .append(numbers(connection.dialect(), &targets.keys().copied().collect::<Vec<i64>>()))
    .text(")");
    let mut links = Vec::new();
    for mut row in rows(connection, sql)? {
        let (source, name) = (Key { kind: row.text()?, id: row.text()? }, row.text()?);
        let ends = (row.integer()?, row.integer()?);
        if let Some(key) = targets.get(&ends.1) {
            links.push((Link { source, name, target: (*key).clone() }, ends));
        }
    }
    Ok(links)
}

/// Finds the emptied link sets with more links than are loaded.
fn others(connection: &impl Connection, plan: &LockPlan, loaded: &mut Loaded) -> Result<(), Stop> {
    let sets: Vec<(&LinkSet, i64)> = plan
        .sets
        .iter()
        .filter_map(|set| Some((set, loaded.entries.get(&set.source)?.seq)))
        .collect();
    if sets.is_empty() {
        return Ok(());
    }
    let statement = |(set, source): &(&LinkSet, i64)| {
        let known = |link: &&Link| link.source == set.source && link.name == set.name;
        let known = loaded.links.keys().filter(known).count();
        Sql::new(
            "SELECT l.target FROM scimlet_linkset s CROSS JOIN scimlet_link l
             WHERE s.source = ? AND s.name = ? AND l.linkset = s.id
             ORDER BY l.target LIMIT 1 OFFSET ?",
        )
        .bind(*source)
        .bind(set.name.clone())
        .bind(known as i64)
    };
    let found = execute(connection, sets.iter().map(statement).collect())?;
    for ((set, _), rows) in sets.iter().zip(found) {
        if !rows.is_empty() {
            loaded.others.insert((*set).clone());
        }
    }
    Ok(())
}
