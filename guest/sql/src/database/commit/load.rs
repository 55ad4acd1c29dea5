//! Locks and loads what a commit names, in one list of statements. A statement after a lock sees
//! everything that was committed before the lock was granted, so what is loaded here stays valid.
//! In SQLite the transaction itself is the lock.

use scimlet_store::{Key, Link, LinkSet, Refusal, Write};

use super::Stop;
use crate::commit::{Before, FieldRows, Loaded, LockMode, LockPlan};
use crate::database::connection::{Connection, execute, rows};
use crate::database::read::{TENANT, existing};
use crate::database::row::Row;
use crate::database::source::{List, Type, listed, numbers, texts};
use crate::{Dialect, Sql};
use scimlet_store::{OrderedMap, OrderedSet};

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
    let dialect = connection.dialect();
    let named = Statements { dialect, tenant };
    let links: Vec<&Link> = plan.links.iter().collect();
    let locks = named.locks(plan);
    let (count, mut statements) = (locks.len(), vec![named.tenant()]);
    statements.extend(locks);
    statements.push(named.fields(writes));
    let wants = [
        !plan.rewritten.is_empty(),
        !links.is_empty(),
        !plan.counters.is_empty(),
        plan.inserts > 0,
    ];
    let [terms, existing_links, counters, seqs] = wants;
    statements.extend(terms.then(|| named.terms(&plan.rewritten)));
    statements.extend(existing_links.then(|| existing(dialect, tenant, links.iter().copied())));
    if counters {
        statements.extend(named.counters(&plan.counters));
    }
    statements.extend(seqs.then(|| named.seqs(plan.inserts)));

    let mut found = execute(connection, statements)?.into_iter();
    let mut next = || found.next().unwrap_or_default();
    let Some(mut row) = next().into_iter().next() else {
        return Err(Refusal::Invalid("there is no such tenant".into()).into());
    };
    let id = row.integer()?;
    let mut loaded = Loaded::default();
    for _ in 0..count {
        entries(next(), &mut loaded.entries)?;
    }
    let rows = field_rows(next())?;
    if terms {
        read_terms(next(), dialect, &mut loaded)?;
    }
    if existing_links {
        for mut row in next() {
            if let Some(link) = links.get(row.place()?) {
                loaded.links.insert((*link).clone(), (row.integer()?, row.integer()?));
            }
        }
    }
    if counters {
        next();
        for mut row in next() {
            loaded.counters.insert(row.text()?, row.integer()?);
        }
    }
    if seqs {
        loaded.seqs = read_seqs(next(), dialect, plan.inserts)?;
    }
    absent(connection, &named, plan, &loaded)?;
    let sources = arriving(connection, &named, plan, &mut loaded)?;
    loaded.expected = plan.unlocked(&loaded.entries, &sources);
    others(connection, plan, &mut loaded)?;
    Ok(State { tenant: id, before: loaded, rows })
}

/// The statements that load what names name.
struct Statements<'a> {
    dialect: Dialect,
    tenant: &'a str,
}

impl Statements<'_> {
    fn tenant(&self) -> Sql {
        let sql = "SELECT id FROM scimlet_tenant WHERE name = ?";
        Sql::new(sql).bind(self.tenant.to_owned())
    }

    /// Returns one statement for each run of equal lock modes, or one for all where there are no
    /// such locks.
    fn locks(&self, plan: &LockPlan) -> Vec<Sql> {
        match self.dialect {
            Dialect::Sqlite if plan.locks.is_empty() => Vec::new(),
            Dialect::Sqlite => vec![self.lock(LockMode::None, plan.locks.keys())],
            Dialect::Postgres => {
                let runs = plan.runs().into_iter();
                runs.map(|(mode, keys)| self.lock(mode, keys.into_iter())).collect()
            }
        }
    }

    /// Returns the statement that locks rows in the order of the given keys, and returns kind, id,
    /// row and version.
    fn lock<'k>(&self, mode: LockMode, keys: impl Iterator<Item = &'k Key>) -> Sql {
        let mut list = List::new();
        keys.for_each(|key| list.row(&[(&key.kind).into(), (&key.id).into()]));
        let columns = [("kind", Type::Text), ("id", Type::Text)];
        Sql::new("SELECT k.name, e.id, e.seq, e.version FROM ")
            .append(listed(self.dialect, &columns, list))
            .text(" CROSS JOIN scimlet_kind k CROSS JOIN scimlet_entry e WHERE k.tenant = ")
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(" AND k.name = w.kind AND e.kind = k.id AND e.id = w.id ORDER BY w.place")
            .text(match mode {
                LockMode::None => "",
                LockMode::KeyShare => " FOR KEY SHARE OF e",
                LockMode::NoKeyUpdate => " FOR NO KEY UPDATE OF e",
                LockMode::Update => " FOR UPDATE OF e",
            })
    }

    /// Returns the query for the rows of all kinds in the writes, and of the paths of their terms.
    fn fields(&self, writes: &[Write]) -> Sql {
        let (mut kinds, mut paths) = (OrderedSet::new(), OrderedSet::new());
        for write in writes {
            match write {
                Write::Insert(draft) => {
                    kinds.insert(draft.key.kind.as_str());
                    paths.extend(draft.terms.iter().map(|term| term.path.as_str()));
                }
                Write::Replace(replacement) => {
                    kinds.insert(&replacement.draft.key.kind);
                    let terms = replacement.draft.terms.iter();
                    paths.extend(terms.map(|term| term.path.as_str()));
                }
                Write::Remove(removal) => {
                    kinds.insert(&removal.key.kind);
                }
                _ => {}
            }
        }
        self.field_rows(kinds, paths)
    }

    fn field_rows(&self, kinds: OrderedSet<&str>, paths: OrderedSet<&str>) -> Sql {
        Sql::new(
            "SELECT k.name, k.id, f.path, f.id FROM scimlet_kind k
             LEFT JOIN scimlet_field f ON f.kind = k.id AND f.path IN (",
        )
        .append(texts(self.dialect, paths.iter().copied()))
        .text(") WHERE k.tenant = ")
        .text(TENANT)
        .bind(self.tenant.to_owned())
        .text(" AND k.name IN (")
        .append(texts(self.dialect, kinds.iter().copied()))
        .text(")")
    }

    fn terms(&self, rewritten: &OrderedSet<Key>) -> Sql {
        let mut list = List::new();
        rewritten.iter().for_each(|key| list.row(&[(&key.kind).into(), (&key.id).into()]));
        let columns = [("kind", Type::Text), ("id", Type::Text)];
        Sql::new("SELECT t.seq, t.field, t.value, t.is_unique FROM ")
            .append(listed(self.dialect, &columns, list))
            .text(
                " CROSS JOIN scimlet_kind k CROSS JOIN scimlet_entry e CROSS JOIN scimlet_term t
                 WHERE k.tenant = ",
            )
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(" AND k.name = w.kind AND e.kind = k.id AND e.id = w.id AND t.seq = e.seq")
    }

    /// Returns the statements that make the counters and lock them; the second returns names and
    /// values.
    fn counters(&self, counters: &OrderedSet<String>) -> [Sql; 2] {
        let mut list = List::new();
        counters.iter().for_each(|name| list.row(&[name.into()]));
        let listed = listed(self.dialect, &[("name", Type::Text)], list);
        let make = Sql::new("INSERT INTO scimlet_counter(tenant, name, value) SELECT ")
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(", w.name, 0 FROM ")
            .append(listed)
            .text(" WHERE TRUE ORDER BY w.name ON CONFLICT DO NOTHING");
        let read = Sql::new("SELECT name, value FROM scimlet_counter WHERE tenant = ")
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(" AND name IN (")
            .append(texts(self.dialect, counters.iter().map(String::as_str)))
            .text(") ORDER BY name")
            .text(match self.dialect {
                Dialect::Sqlite => "",
                Dialect::Postgres => " FOR UPDATE",
            });
        [make, read]
    }

    /// Returns the query for the row ids of new entries: in SQLite for the last one that was given.
    fn seqs(&self, count: usize) -> Sql {
        match self.dialect {
            Dialect::Sqlite => Sql::new(
                "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'scimlet_entry'",
            ),
            Dialect::Postgres => Sql::new(
                "SELECT nextval('scimlet_entry_seq') FROM generate_series(1, ?) ORDER BY 1",
            )
            .bind(count as i64),
        }
    }
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
    named: &Statements<'_>,
    plan: &LockPlan,
    loaded: &Loaded,
) -> Result<(), Stop> {
    let absent = plan.locks.keys().filter(|key| !loaded.entries.contains_key(*key));
    let absent: Vec<&Key> = absent.collect();
    if named.dialect == Dialect::Sqlite || absent.len() <= plan.inserts {
        return Ok(());
    }
    let found = rows(connection, named.lock(LockMode::None, absent.into_iter()))?;
    if found.is_empty() { Ok(()) } else { Err(Stop::Conflict) }
}

/// Loads the links to entries that are removed; their sources change. No new links can appear, but
/// until the sources are locked another commit may remove one, so this reads again after locking.
/// Returns the locked sources.
fn arriving(
    connection: &impl Connection,
    named: &Statements<'_>,
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
        let mode = match named.dialect {
            Dialect::Sqlite => LockMode::None,
            Dialect::Postgres => LockMode::NoKeyUpdate,
        };
        let found = rows(connection, named.lock(mode, fresh.iter()))?;
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
