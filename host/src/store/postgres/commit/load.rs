//! Locks and loads what a commit names. A statement after a lock sees everything that was committed
//! before the lock was granted, so what is loaded here stays valid.

use std::collections::{BTreeMap, BTreeSet};

use super::lock_plan::{LockMode, LockPlan};
use super::{LinkName, Name, SetName};
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::read::place;
use crate::store::postgres::session::Session;

/// Row id and version of an entry before the commit.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub(super) seq: i64,
    pub(super) version: i64,
}

/// The terms of one entry: field and stored value, with whether the term is unique.
pub(super) type Terms = BTreeMap<(i64, String), bool>;

/// The state before the commit, as far as the commit needs it.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) entries: BTreeMap<Name, Before>,
    /// The existing links, with the rows of their ends.
    pub(super) links: BTreeMap<LinkName, (i64, i64)>,
    /// The emptied link sets that contain more links than those in `links`.
    pub(super) others: BTreeSet<SetName>,
    pub(super) counters: BTreeMap<String, i64>,
    pub(super) terms: BTreeMap<i64, Terms>,
    /// Rows and versions of expected entries that are not locked.
    pub(super) expected: Vec<(i64, i64)>,
    /// Row ids for inserted entries.
    pub(super) seqs: Vec<i64>,
}

/// Locks and loads everything in `plan`.
pub(super) async fn load(
    session: &Session,
    tenant: i64,
    plan: &LockPlan,
) -> PostgresResult<Loaded> {
    let mut loaded = Loaded::default();
    for (mode, names) in plan.runs() {
        lock(session, tenant, mode, &names, &mut loaded.entries).await?;
    }
    // An entry that was removed and inserted again while its lock was awaited is found by a second
    // statement.
    let absent = |name: &Name| !loaded.entries.contains_key(name);
    let absent: Vec<&Name> = plan.locks.keys().filter(|name| absent(name)).collect();
    if absent.len() > plan.inserts {
        let mode = plan.locks.values().max().copied();
        let mode = mode.unwrap_or(LockMode::KeyShare);
        lock(session, tenant, mode, &absent, &mut loaded.entries).await?;
    }
    let sources = arriving(session, tenant, plan, &mut loaded).await?;
    loaded.expected = expected(plan, &loaded.entries, &sources);
    links(session, plan, &mut loaded).await?;
    others(session, plan, &mut loaded).await?;
    terms(session, plan, &mut loaded).await?;
    counters(session, tenant, plan, &mut loaded).await?;
    loaded.seqs = seqs(session, plan.inserts).await?;
    Ok(loaded)
}

/// Returns rows and versions of the expected entries that are locked neither by the plan nor as
/// sources of removed links.
fn expected(
    plan: &LockPlan,
    entries: &BTreeMap<Name, Before>,
    sources: &BTreeSet<Name>,
) -> Vec<(i64, i64)> {
    let is_write_locked = |name: &Name| plan.locks.get(name) >= Some(&LockMode::NoKeyUpdate);
    let is_locked = |name: &Name| is_write_locked(name) || sources.contains(name);
    let expected = plan.expected.iter().filter(|name| !is_locked(name));
    let entries = expected.filter_map(|name| entries.get(name));
    entries.map(|before| (before.seq, before.version)).collect()
}

async fn lock(
    session: &Session,
    tenant: i64,
    mode: LockMode,
    names: &[&Name],
    entries: &mut BTreeMap<Name, Before>,
) -> PostgresResult<()> {
    let kinds: Vec<&str> = names.iter().map(|(kind, _)| kind.as_str()).collect();
    let ids: Vec<&str> = names.iter().map(|(_, id)| id.as_str()).collect();
    let rows = session.rows(statement(mode), &[&tenant, &kinds, &ids]).await?;
    for row in rows {
        let before = Before { seq: row.get("seq"), version: row.get("version") };
        entries.insert((row.get("kind"), row.get("id")), before);
    }
    Ok(())
}

/// The statement that locks rows in the order of the given keys.
fn statement(mode: LockMode) -> &'static str {
    macro_rules! lock {
        ($strength:literal) => {
            concat!(
                "SELECT k.name AS kind, e.id, e.seq, e.version
                 FROM unnest($2::TEXT[], $3::TEXT[]) WITH ORDINALITY AS w(kind, id, place)
                 JOIN kind k ON k.tenant = $1 AND k.name = w.kind
                 JOIN entry e ON e.kind = k.id AND e.id = w.id
                 ORDER BY w.place ",
                $strength
            )
        };
    }
    match mode {
        LockMode::None => lock!(""),
        LockMode::KeyShare => lock!("FOR KEY SHARE OF e"),
        LockMode::NoKeyUpdate => lock!("FOR NO KEY UPDATE OF e"),
        LockMode::Update => lock!("FOR UPDATE OF e"),
    }
}

/// Loads the links to entries that are removed; their sources change. No new links can appear, but
/// until the sources are locked another commit may remove one, so this reads again after locking.
/// Returns the locked sources.
async fn arriving(
    session: &Session,
    tenant: i64,
    plan: &LockPlan,
    loaded: &mut Loaded,
) -> PostgresResult<BTreeSet<Name>> {
    let removed = plan.removed.iter();
    let targets: BTreeMap<i64, &Name> =
        removed.filter_map(|name| Some((loaded.entries.get(name)?.seq, name))).collect();
    let mut locked = BTreeSet::new();
    if targets.is_empty() {
        return Ok(locked);
    }
    loop {
        let found = sources(session, &targets).await?;
        let fresh: BTreeSet<&Name> = found.iter().map(|((source, ..), _)| source).collect();
        let is_write_locked = |name: &Name| plan.locks.get(name) >= Some(&LockMode::NoKeyUpdate);
        let fresh = fresh.into_iter().filter(|name| !is_write_locked(name));
        let fresh: Vec<Name> = fresh.filter(|name| !locked.contains(*name)).cloned().collect();
        if fresh.is_empty() {
            loaded.links.extend(found);
            return Ok(locked);
        }
        let names: Vec<&Name> = fresh.iter().collect();
        lock(session, tenant, LockMode::NoKeyUpdate, &names, &mut loaded.entries).await?;
        locked.extend(fresh);
    }
}

async fn sources(
    session: &Session,
    targets: &BTreeMap<i64, &Name>,
) -> PostgresResult<Vec<(LinkName, (i64, i64))>> {
    let seqs: Vec<i64> = targets.keys().copied().collect();
    let rows = session
        .rows(
            "SELECT k.name AS kind, e.id, s.name, s.source, l.target
         FROM link l JOIN linkset s ON s.id = l.linkset
         JOIN entry e ON e.seq = s.source JOIN kind k ON k.id = e.kind
         WHERE l.target = ANY($1)",
            &[&seqs],
        )
        .await?;
    let mut links = Vec::new();
    for row in rows {
        let (source, target): (i64, i64) = (row.get("source"), row.get("target"));
        if let Some(name) = targets.get(&target) {
            let link = ((row.get("kind"), row.get("id")), row.get("name"), (*name).clone());
            links.push((link, (source, target)));
        }
    }
    Ok(links)
}

/// Loads the existing ones of the links that the writes name.
async fn links(session: &Session, plan: &LockPlan, loaded: &mut Loaded) -> PostgresResult<()> {
    let ends = |link: &LinkName| -> Option<(i64, i64)> {
        let source = loaded.entries.get(&link.0)?.seq;
        Some((source, loaded.entries.get(&link.2)?.seq))
    };
    let named = plan.links.iter();
    let named: Vec<(&LinkName, (i64, i64))> =
        named.filter_map(|link| Some((link, ends(link)?))).collect();
    if named.is_empty() {
        return Ok(());
    }
    let sources: Vec<i64> = named.iter().map(|(_, ends)| ends.0).collect();
    let names: Vec<&str> = named.iter().map(|(link, _)| link.1.as_str()).collect();
    let targets: Vec<i64> = named.iter().map(|(_, ends)| ends.1).collect();
    let places: Vec<i64> = (0..named.len() as i64).collect();
    let rows = session
        .rows(
            "SELECT w.place
         FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[])
         AS w(source, name, target, place)
         JOIN linkset s ON s.source = w.source AND s.name = w.name
         JOIN link l ON l.linkset = s.id AND l.target = w.target",
            &[&sources, &names, &targets, &places],
        )
        .await?;
    for row in rows {
        if let Some((link, ends)) = named.get(place(&row)) {
            loaded.links.insert((*link).clone(), *ends);
        }
    }
    Ok(())
}

/// Finds the emptied link sets with more links than are loaded.
async fn others(session: &Session, plan: &LockPlan, loaded: &mut Loaded) -> PostgresResult<()> {
    let sets = plan.sets.iter();
    let sets: Vec<(&SetName, i64, i64)> = sets
        .filter_map(|set| {
            let source = loaded.entries.get(&set.0)?.seq;
            let known = |link: &&LinkName| link.0 == set.0 && link.1 == set.1;
            let known = loaded.links.keys().filter(known).count();
            Some((set, source, known as i64))
        })
        .collect();
    if sets.is_empty() {
        return Ok(());
    }
    let sources: Vec<i64> = sets.iter().map(|(_, source, _)| *source).collect();
    let names: Vec<&str> = sets.iter().map(|(set, ..)| set.1.as_str()).collect();
    let known: Vec<i64> = sets.iter().map(|(.., known)| *known).collect();
    let places: Vec<i64> = (0..sets.len() as i64).collect();
    let rows = session
        .rows(
            "SELECT w.place
         FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[])
         AS w(source, name, known, place)
         JOIN linkset s ON s.source = w.source AND s.name = w.name
         WHERE (SELECT COUNT(*) FROM (
           SELECT 1 FROM link l WHERE l.linkset = s.id LIMIT w.known + 1) AS found) > w.known",
            &[&sources, &names, &known, &places],
        )
        .await?;
    for row in rows {
        if let Some((set, ..)) = sets.get(place(&row)) {
            loaded.others.insert((*set).clone());
        }
    }
    Ok(())
}

async fn terms(session: &Session, plan: &LockPlan, loaded: &mut Loaded) -> PostgresResult<()> {
    let rewritten = plan.rewritten.iter();
    let seqs: Vec<i64> = rewritten.filter_map(|name| Some(loaded.entries.get(name)?.seq)).collect();
    if seqs.is_empty() {
        return Ok(());
    }
    let sql = "SELECT seq, field, value, is_unique FROM term WHERE seq = ANY($1)";
    for row in session.rows(sql, &[&seqs]).await? {
        let terms = loaded.terms.entry(row.get("seq")).or_default();
        terms.insert((row.get("field"), row.get("value")), row.get("is_unique"));
    }
    Ok(())
}

async fn counters(
    session: &Session,
    tenant: i64,
    plan: &LockPlan,
    loaded: &mut Loaded,
) -> PostgresResult<()> {
    if plan.counters.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = plan.counters.iter().map(String::as_str).collect();
    let make = "INSERT INTO counter(tenant, name, value) SELECT $1, name, 0
                FROM unnest($2::TEXT[]) AS w(name)
                ORDER BY name ON CONFLICT DO NOTHING";
    session.run(make, &[&tenant, &names]).await?;
    let sql = "SELECT name, value FROM counter WHERE tenant = $1 AND name = ANY($2)
               ORDER BY name FOR UPDATE";
    for row in session.rows(sql, &[&tenant, &names]).await? {
        loaded.counters.insert(row.get("name"), row.get("value"));
    }
    Ok(())
}

/// Reserves row ids for new entries, in ascending order.
async fn seqs(session: &Session, count: usize) -> PostgresResult<Vec<i64>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let sql = "SELECT nextval('entry_seq') AS seq FROM generate_series(1, $1::BIGINT) ORDER BY 1";
    let rows = session.rows(sql, &[&(count as i64)]).await?;
    Ok(rows.iter().map(|row| row.get("seq")).collect())
}
