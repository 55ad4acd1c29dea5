//! Locks and loads what a commit names. A statement after a lock sees everything that was committed
//! before the lock was granted, so what is loaded here stays valid.
//!
//! Counters are not locked, since all commits of a tenant would wait for each other from there on;
//! they are read again under the tenant's lock. They are loaded before what is expected, so that a
//! full counter is no refusal where the expectation no longer holds.

use std::collections::{BTreeMap, BTreeSet};

use scimlet_sql::commit::{Before, Loaded, LockMode, LockPlan};
use scimlet_sql::dialect::decode;
use scimlet_store::{OrderedMap, OrderedSet};

use super::counters;
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::read::place;
use crate::store::postgres::session::Session;
use crate::store::{Key, Link, LinkSet, Refusal};

/// Locks and loads everything in `plan`.
pub(super) async fn load(
    session: &Session,
    tenant: i64,
    plan: &LockPlan,
) -> PostgresResult<Loaded> {
    let mut loaded = Loaded::default();
    let adjusted: Vec<&str> = plan.counters.iter().map(String::as_str).collect();
    loaded.counters = counters::read(session, tenant, &adjusted).await?;
    for (mode, keys) in plan.runs() {
        lock(session, tenant, mode, &keys, &mut loaded.entries).await?;
    }
    // An entry that was removed and inserted again while its lock was awaited is found by a second
    // statement.
    let absent = |key: &Key| !loaded.entries.contains_key(key);
    let absent: Vec<&Key> = plan.locks.keys().filter(|key| absent(key)).collect();
    if absent.len() > plan.inserts {
        let mode = plan.locks.values().max().copied();
        let mode = mode.unwrap_or(LockMode::KeyShare);
        lock(session, tenant, mode, &absent, &mut loaded.entries).await?;
    }
    let sources = arriving(session, tenant, plan, &mut loaded).await?;
    loaded.expected = plan.unlocked(&loaded.entries, &sources);
    links(session, plan, &mut loaded).await?;
    others(session, plan, &mut loaded).await?;
    terms(session, plan, &mut loaded).await?;
    loaded.seqs = seqs(session, plan.inserts).await?;
    Ok(loaded)
}

async fn lock(
    session: &Session,
    tenant: i64,
    mode: LockMode,
    keys: &[&Key],
    entries: &mut OrderedMap<Key, Before>,
) -> PostgresResult<()> {
    let kinds: Vec<&str> = keys.iter().map(|key| key.kind.as_str()).collect();
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let rows = session.rows(statement(mode), &[&tenant, &kinds, &ids]).await?;
    for row in rows {
        let before = Before { seq: row.get("seq"), version: row.get("version") };
        entries.insert(Key { kind: row.get("kind"), id: row.get("id") }, before);
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
                 JOIN scimlet_kind k ON k.tenant = $1 AND k.name = w.kind
                 JOIN scimlet_entry e ON e.kind = k.id AND e.id = w.id
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
) -> PostgresResult<OrderedSet<Key>> {
    let removed = plan.removed.iter();
    let targets: BTreeMap<i64, &Key> =
        removed.filter_map(|key| Some((loaded.entries.get(key)?.seq, key))).collect();
    let mut locked = OrderedSet::new();
    if targets.is_empty() {
        return Ok(locked);
    }
    loop {
        let found = sources(session, &targets).await?;
        let fresh: BTreeSet<&Key> = found.iter().map(|(link, _)| &link.source).collect();
        let fresh = fresh.into_iter().filter(|key| !plan.is_write_locked(key));
        let fresh: Vec<Key> = fresh.filter(|key| !locked.contains(*key)).cloned().collect();
        if fresh.is_empty() {
            loaded.links.extend(found);
            return Ok(locked);
        }
        let keys: Vec<&Key> = fresh.iter().collect();
        lock(session, tenant, LockMode::NoKeyUpdate, &keys, &mut loaded.entries).await?;
        locked.extend(fresh);
    }
}

async fn sources(
    session: &Session,
    targets: &BTreeMap<i64, &Key>,
) -> PostgresResult<Vec<(Link, (i64, i64))>> {
    let seqs: Vec<i64> = targets.keys().copied().collect();
    let rows = session
        .rows(
            "SELECT k.name AS kind, e.id, s.name, s.source, l.target
         FROM scimlet_link l JOIN scimlet_linkset s ON s.id = l.linkset
         JOIN scimlet_entry e ON e.seq = s.source JOIN scimlet_kind k ON k.id = e.kind
         WHERE l.target = ANY($1)",
            &[&seqs],
        )
        .await?;
    let mut links = Vec::new();
    for row in rows {
        let (source, target): (i64, i64) = (row.get("source"), row.get("target"));
        if let Some(key) = targets.get(&target) {
            let from = Key { kind: row.get("kind"), id: row.get("id") };
            let link = Link { source: from, name: row.get("name"), target: (*key).clone() };
            links.push((link, (source, target)));
        }
    }
    Ok(links)
}

/// Loads the existing ones of the links that the writes name.
async fn links(session: &Session, plan: &LockPlan, loaded: &mut Loaded) -> PostgresResult<()> {
    let ends = |link: &Link| -> Option<(i64, i64)> {
        let source = loaded.entries.get(&link.source)?.seq;
        Some((source, loaded.entries.get(&link.target)?.seq))
    };
    let named = plan.links.iter();
    let named: Vec<(&Link, (i64, i64))> =
        named.filter_map(|link| Some((link, ends(link)?))).collect();
    if named.is_empty() {
        return Ok(());
    }
    let sources: Vec<i64> = named.iter().map(|(_, ends)| ends.0).collect();
    let names: Vec<&str> = named.iter().map(|(link, _)| link.name.as_str()).collect();
    let targets: Vec<i64> = named.iter().map(|(_, ends)| ends.1).collect();
    let places: Vec<i64> = (0..named.len() as i64).collect();
    let rows = session
        .rows(
            "SELECT w.place
         FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[])
         AS w(source, name, target, place)
         JOIN scimlet_linkset s ON s.source = w.source AND s.name = w.name
         JOIN scimlet_link l ON l.linkset = s.id AND l.target = w.target",
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
    let sets: Vec<(&LinkSet, i64, i64)> = sets
        .filter_map(|set| {
            let source = loaded.entries.get(&set.source)?.seq;
            let known = |link: &&Link| link.source == set.source && link.name == set.name;
            let known = loaded.links.keys().filter(known).count();
            Some((set, source, known as i64))
        })
        .collect();
    if sets.is_empty() {
        return Ok(());
    }
    let sources: Vec<i64> = sets.iter().map(|(_, source, _)| *source).collect();
    let names: Vec<&str> = sets.iter().map(|(set, ..)| set.name.as_str()).collect();
    let known: Vec<i64> = sets.iter().map(|(.., known)| *known).collect();
    let places: Vec<i64> = (0..sets.len() as i64).collect();
    let rows = session
        .rows(
            "SELECT w.place
         FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[])
         AS w(source, name, known, place)
         JOIN scimlet_linkset s ON s.source = w.source AND s.name = w.name
         WHERE (SELECT COUNT(*) FROM (
           SELECT 1 FROM scimlet_link l WHERE l.linkset = s.id LIMIT w.known + 1) AS found)
           > w.known",
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
    let seqs: Vec<i64> = rewritten.filter_map(|key| Some(loaded.entries.get(key)?.seq)).collect();
    if seqs.is_empty() {
        return Ok(());
    }
    let sql = "SELECT seq, field, value, is_unique FROM scimlet_term WHERE seq = ANY($1)";
    for row in session.rows(sql, &[&seqs]).await? {
        let value = decode(row.get("value")).ok_or_else(no_value)?;
        let (term, unique) = ((row.get("field"), value), row.get("is_unique"));
        loaded.terms.change(row.get("seq"), |terms| _ = terms.insert(term, unique));
    }
    Ok(())
}

/// Refuses a term's value that scimlet has not written.
fn no_value() -> Refusal {
    Refusal::Damaged("the value of a term is not one that was written".into())
}

/// Reserves row ids for new entries, in ascending order.
async fn seqs(session: &Session, count: usize) -> PostgresResult<Vec<i64>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let sql = "SELECT nextval('scimlet_entry_seq') AS seq
               FROM generate_series(1, $1::BIGINT) ORDER BY 1";
    let rows = session.rows(sql, &[&(count as i64)]).await?;
    Ok(rows.iter().map(|row| row.get("seq")).collect())
}
