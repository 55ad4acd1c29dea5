//! Writes the result of a commit: terms, entries, links and counters, then what all commits of a
//! tenant share: the counts and the events.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::events;
use super::fields::Rows;
use super::terms::{self, Counts};
use super::{Commit, Done, LinkName, Stop, key};
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::read::unsigned;
use crate::store::postgres::session::Session;
use crate::store::postgres::sweep;
use crate::store::{Committed, Key, Refusal, Rejection, digest};

/// Writes everything.
///
/// # Errors
/// The failure of the earliest write.
pub(super) async fn write(
    session: &Session,
    tenant: i64,
    commit: &Commit,
    change: Change<'_>,
    fault: Option<Rejection>,
) -> Result<Done, Stop> {
    let rows = Rows::of(session, tenant, &change).await?;
    let (mut counts, taken) = terms::write(session, tenant, &change, &rows).await?;
    let faults = [fault, taken].into_iter().flatten();
    if let Some(first) = faults.min_by_key(|fault| fault.write) {
        return Err(first.into());
    }
    let removed: Vec<i64> = change.removed.iter().map(|(_, seq)| *seq).collect();
    let garbage = links(session, tenant, &change, &removed).await?;
    remove(session, &removed).await?;
    insert(session, tenant, commit, &change, &rows).await?;
    update(session, commit, &change).await?;
    counters(session, tenant, &change).await?;
    count(&change, &rows, &mut counts);
    counts.write(session).await?;
    let last = events::lock_tenant(session, tenant).await?;
    let at = events::time(session, tenant, commit.at, &last, &change).await?;
    let at = at.ok_or(Stop::Conflict)?;
    events::write(session, (tenant, at), &commit.actor, &change, last).await?;
    let committed = Committed { at: unsigned(at), versions: versions(change) };
    Ok(Done { committed, garbage })
}

fn versions(change: Change<'_>) -> Vec<(Key, u64)> {
    let changed = change.entries.into_iter().filter(|(_, held)| held.changed);
    changed.map(|(name, held)| (key(name), u64::try_from(held.before + 1).unwrap_or(1))).collect()
}

/// Writes the links that differ. Returns whether that left links to sweep.
async fn links(
    session: &Session,
    tenant: i64,
    change: &Change<'_>,
    removed: &[i64],
) -> PostgresResult<bool> {
    let gone: BTreeSet<i64> = removed.iter().copied().collect();
    let difference = change.links.difference(&change.loaded, &gone);
    if !difference.deleted.is_empty() {
        let sources: Vec<i64> = difference.deleted.iter().map(|link| link.0).collect();
        let names: Vec<&str> = difference.deleted.iter().map(|link| link.1.as_str()).collect();
        let targets: Vec<i64> = difference.deleted.iter().map(|link| link.2).collect();
        let sql = "DELETE FROM link l
                   USING unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[])
                   AS w(source, name, target), linkset s
                   WHERE s.source = w.source AND s.name = w.name AND l.linkset = s.id
                   AND l.target = w.target";
        session.run(sql, &[&sources, &names, &targets]).await?;
    }
    let emptied =
        change.links.emptied.iter().filter_map(|(source, name)| {
            Some((change.loaded.entries.get(source)?.seq, name.as_str()))
        });
    let emptied: Vec<(i64, &str)> = emptied.collect();
    if !emptied.is_empty() {
        let sources: Vec<i64> = emptied.iter().map(|(source, _)| *source).collect();
        let names: Vec<&str> = emptied.iter().map(|(_, name)| *name).collect();
        sweep::retire_named(session, &sources, &names).await?;
    }
    link(session, tenant, change, &difference.inserted).await?;
    Ok(!emptied.is_empty() || !removed.is_empty())
}

async fn link(
    session: &Session,
    tenant: i64,
    change: &Change<'_>,
    links: &[&LinkName],
) -> PostgresResult<()> {
    let seq = |name| change.entries.get(name).map(|held| held.seq);
    let ends = links
        .iter()
        .filter_map(|(source, name, target)| Some((seq(source)?, name.as_str(), seq(target)?)));
    let ends: Vec<(i64, &str, i64)> = ends.collect();
    if ends.is_empty() {
        return Ok(());
    }
    let sets: BTreeSet<(i64, &str)> = ends.iter().map(|end| (end.0, end.1)).collect();
    let sources: Vec<i64> = sets.iter().map(|set| set.0).collect();
    let names: Vec<&str> = sets.iter().map(|set| set.1).collect();
    let sql = "INSERT INTO linkset(tenant, source, name)
               SELECT $1, w.source, w.name FROM unnest($2::BIGINT[], $3::TEXT[]) AS w(source, name)
               ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &sources, &names]).await?;
    let sources: Vec<i64> = ends.iter().map(|end| end.0).collect();
    let names: Vec<&str> = ends.iter().map(|end| end.1).collect();
    let targets: Vec<i64> = ends.iter().map(|end| end.2).collect();
    let sql = "INSERT INTO link(tenant, linkset, target) SELECT $1, s.id, w.target
               FROM unnest($2::BIGINT[], $3::TEXT[], $4::BIGINT[]) AS w(source, name, target)
               JOIN linkset s ON s.source = w.source AND s.name = w.name";
    session.run(sql, &[&tenant, &sources, &names, &targets]).await
}

/// Removes entries and the links from and to them.
async fn remove(session: &Session, removed: &[i64]) -> PostgresResult<()> {
    if removed.is_empty() {
        return Ok(());
    }
    sweep::retire_linksets(session, removed).await?;
    for sql in ["DELETE FROM link WHERE target = ANY($1)", "DELETE FROM entry WHERE seq = ANY($1)"]
    {
        session.run(sql, &[&removed]).await?;
    }
    Ok(())
}

/// Inserts the new entries in key order. A key that another commit has inserted meanwhile is
/// refused as taken.
async fn insert(
    session: &Session,
    tenant: i64,
    commit: &Commit,
    change: &Change<'_>,
    rows: &Rows,
) -> Result<(), Stop> {
    let new = change.entries.iter().filter(|(_, held)| held.before == 0);
    let new = new.filter_map(|(name, held)| Some((*rows.kinds.get(&name.0)?, name, held)));
    let new: Vec<_> = new.collect();
    if new.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = new.iter().map(|(.., held)| held.seq).collect();
    let kinds: Vec<i64> = new.iter().map(|(kind, ..)| *kind).collect();
    let ids: Vec<&str> = new.iter().map(|(_, name, _)| name.1.as_str()).collect();
    let bodies: Vec<&str> = new.iter().map(|(.., held)| held.body.unwrap_or_default()).collect();
    let digests: Vec<i64> = bodies.iter().map(|body| digest::of(body.as_bytes())).collect();
    let sql = "INSERT INTO entry(seq, tenant, kind, id, version, created, modified, body, digest,
               digest_version)
               SELECT w.seq, $1, w.kind, w.id, 1, $2, $2, w.body, w.digest, 1
               FROM unnest($3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[])
                 WITH ORDINALITY AS w(seq, kind, id, body, digest, place)
               ORDER BY w.place ON CONFLICT DO NOTHING RETURNING seq";
    let made =
        session.rows(sql, &[&tenant, &commit.at, &seqs, &kinds, &ids, &bodies, &digests]).await?;
    let made: BTreeSet<i64> = made.iter().map(|row| row.get("seq")).collect();
    let left_out = new.iter().filter(|(.., held)| !made.contains(&held.seq));
    let writes = left_out.filter_map(|(.., held)| held.terms.map(|(write, _)| write));
    match writes.min() {
        None => Ok(()),
        Some(write) => {
            Err(Stop::Rejected(Rejection { write, reason: Refusal::Taken("id".into()) }))
        }
    }
}

/// Writes new bodies and versions of existing entries, whose rows are locked already.
async fn update(session: &Session, commit: &Commit, change: &Change<'_>) -> PostgresResult<()> {
    let changed = change.entries.values();
    let changed = changed.filter(|held| held.changed && held.before > 0);
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = changed.iter().map(|held| held.seq).collect();
    let versions: Vec<i64> = changed.iter().map(|held| held.before + 1).collect();
    let bodies: Vec<Option<&str>> = changed.iter().map(|held| held.body).collect();
    let digest = |body: &Option<&str>| body.map(|body| digest::of(body.as_bytes()));
    let digests: Vec<Option<i64>> = bodies.iter().map(digest).collect();
    let sql = "UPDATE entry e SET version = w.version, modified = $1,
               body = COALESCE(w.body, e.body),
                 digest = COALESCE(w.digest, e.digest),
                 digest_version = CASE WHEN w.body IS NOT NULL OR e.digest_version = e.version
                 THEN w.version END
               FROM unnest($2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[])
               AS w(seq, version, body, digest)
               WHERE e.seq = w.seq";
    session.run(sql, &[&commit.at, &seqs, &versions, &bodies, &digests]).await
}

async fn counters(session: &Session, tenant: i64, change: &Change<'_>) -> PostgresResult<()> {
    if change.counters.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = change.counters.keys().copied().collect();
    let values: Vec<i64> = change.counters.values().copied().collect();
    let sql = "UPDATE counter c SET value = w.value
               FROM unnest($2::TEXT[], $3::BIGINT[]) AS w(name, value)
               WHERE c.tenant = $1 AND c.name = w.name";
    session.run(sql, &[&tenant, &names, &values]).await
}

/// Counts the inserted and removed entries.
fn count(change: &Change<'_>, rows: &Rows, counts: &mut Counts) {
    let new = change.entries.iter().filter(|(_, held)| held.before == 0);
    let came = new.map(|((kind, _), _)| (kind.as_str(), 1));
    let went = change.removed.iter().map(|(kind, _)| (*kind, -1));
    for (kind, by) in came.chain(went) {
        if let Some(kind) = rows.kinds.get(kind) {
            *counts.kinds.entry(*kind).or_default() += by;
        }
    }
}

impl Counts {
    /// Adds the counts to the rows of kinds and fields, in the order of the rows.
    async fn write(&self, session: &Session) -> PostgresResult<()> {
        macro_rules! update {
            ($table:literal) => {
                concat!(
                    "WITH locked AS (
                       SELECT x.id, w.by FROM ", $table, " x
                       JOIN unnest($1::BIGINT[], $2::BIGINT[]) AS w(id, by) ON x.id = w.id
                       ORDER BY x.id FOR NO KEY UPDATE OF x)
                     UPDATE ", $table, " x SET entries = x.entries + locked.by
                     FROM locked WHERE x.id = locked.id"
                )
            };
        }
        self.raise(session, update!("kind"), &self.kinds).await?;
        self.raise(session, update!("field"), &self.fields).await
    }

    async fn raise(
        &self,
        session: &Session,
        sql: &str,
        by: &BTreeMap<i64, i64>,
    ) -> PostgresResult<()> {
        let (ids, by): (Vec<i64>, Vec<i64>) = by.iter().filter(|(_, by)| **by != 0).unzip();
        if ids.is_empty() {
            return Ok(());
        }
        session.run(sql, &[&ids, &by]).await
    }
}
