//! Writes the result of a commit: terms, entries and links, then, under the tenant's lock, what all
//! commits of a tenant change: the counts, counters and events.

use std::collections::BTreeSet;

use scimlet_sql::commit::{Change, Counts, LinkRows, NewEntry, TermRows};
use scimlet_store::OrderedMap;

use super::{Commit, Done, Stop, counters, events, fields, terms};
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::read::unsigned;
use crate::store::postgres::session::Session;
use crate::store::postgres::sweep;
use crate::store::{Committed, Rejection};

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
    let rows = fields::rows(session, tenant, &change).await?;
    let written = TermRows::of(&change, &rows);
    terms::delete(session, &written.gone).await?;
    let taken = terms::insert(session, tenant, &written.added).await?;
    let faults = [fault, taken].into_iter().flatten();
    if let Some(first) = faults.min_by_key(|fault| fault.write) {
        return Err(first.into());
    }
    let (removed, linked) = (change.removed_rows(), change.link_rows());
    unlink(session, &linked).await?;
    link(session, tenant, &linked.inserted).await?;
    remove(session, &removed).await?;
    insert(session, tenant, commit, &change.new_entries(&rows)).await?;
    update(session, commit, &change).await?;
    let last = events::lock_tenant(session, tenant).await?;
    let at = events::time(session, tenant, commit.at, last, &change).await?;
    let at = at.ok_or(Stop::Conflict)?;
    counters::adjust(session, tenant, &change).await?;
    count(session, &written.counts).await?;
    events::write(session, (tenant, at), &commit.actor, &change, last).await?;
    let garbage = !linked.emptied.is_empty() || !removed.is_empty();
    drop((linked, written));
    let committed = Committed { at: unsigned(at), versions: change.versions() };
    Ok(Done { committed, garbage })
}

/// Deletes links, and leaves those of emptied sets to the sweep.
async fn unlink(session: &Session, linked: &LinkRows<'_>) -> PostgresResult<()> {
    if !linked.deleted.is_empty() {
        let sources: Vec<i64> = linked.deleted.iter().map(|link| link.0).collect();
        let names: Vec<&str> = linked.deleted.iter().map(|link| link.1).collect();
        let targets: Vec<i64> = linked.deleted.iter().map(|link| link.2).collect();
        let sql = "DELETE FROM scimlet_link l
                   USING unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[])
                   AS w(source, name, target), scimlet_linkset s
                   WHERE s.source = w.source AND s.name = w.name AND l.linkset = s.id
                   AND l.target = w.target";
        session.run(sql, &[&sources, &names, &targets]).await?;
    }
    if linked.emptied.is_empty() {
        return Ok(());
    }
    let (sources, names): (Vec<i64>, Vec<&str>) = linked.emptied.iter().copied().unzip();
    sweep::retire_named(session, &sources, &names).await
}

async fn link(session: &Session, tenant: i64, links: &[(i64, &str, i64)]) -> PostgresResult<()> {
    if links.is_empty() {
        return Ok(());
    }
    let sets: BTreeSet<(i64, &str)> = links.iter().map(|link| (link.0, link.1)).collect();
    let (sources, names): (Vec<i64>, Vec<&str>) = sets.into_iter().unzip();
    let sql = "INSERT INTO scimlet_linkset(tenant, source, name)
               SELECT $1, w.source, w.name FROM unnest($2::BIGINT[], $3::TEXT[]) AS w(source, name)
               ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &sources, &names]).await?;
    let sources: Vec<i64> = links.iter().map(|link| link.0).collect();
    let names: Vec<&str> = links.iter().map(|link| link.1).collect();
    let targets: Vec<i64> = links.iter().map(|link| link.2).collect();
    let sql = "INSERT INTO scimlet_link(tenant, linkset, target) SELECT $1, s.id, w.target
               FROM unnest($2::BIGINT[], $3::TEXT[], $4::BIGINT[]) AS w(source, name, target)
               JOIN scimlet_linkset s ON s.source = w.source AND s.name = w.name";
    session.run(sql, &[&tenant, &sources, &names, &targets]).await
}

/// Removes entries and the links from and to them.
async fn remove(session: &Session, removed: &[i64]) -> PostgresResult<()> {
    if removed.is_empty() {
        return Ok(());
    }
    sweep::retire_linksets(session, removed).await?;
    for sql in [
        "DELETE FROM scimlet_link WHERE target = ANY($1)",
        "DELETE FROM scimlet_entry WHERE seq = ANY($1)",
    ] {
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
    new: &[NewEntry<'_>],
) -> Result<(), Stop> {
    if new.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = new.iter().map(|entry| entry.seq).collect();
    let kinds: Vec<i64> = new.iter().map(|entry| entry.kind).collect();
    let ids: Vec<&str> = new.iter().map(|entry| entry.id).collect();
    let bodies: Vec<&str> = new.iter().map(|entry| entry.body).collect();
    let digests: Vec<i64> = new.iter().map(|entry| entry.digest).collect();
    let sql = "INSERT INTO scimlet_entry(
                 seq, tenant, kind, id, version, created, modified, body, digest,
               digest_version)
               SELECT w.seq, $1, w.kind, w.id, 1, $2, $2, w.body, w.digest, 1
               FROM unnest($3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[])
                 WITH ORDINALITY AS w(seq, kind, id, body, digest, place)
               ORDER BY w.place ON CONFLICT DO NOTHING RETURNING seq";
    let made =
        session.rows(sql, &[&tenant, &commit.at, &seqs, &kinds, &ids, &bodies, &digests]).await?;
    let made: BTreeSet<i64> = made.iter().map(|row| row.get("seq")).collect();
    let left_out = new.iter().filter(|entry| !made.contains(&entry.seq));
    match left_out.map(NewEntry::taken).min_by_key(|taken| taken.write) {
        None => Ok(()),
        Some(taken) => Err(taken.into()),
    }
}

/// Writes new bodies and versions of existing entries, whose rows are locked already.
async fn update(session: &Session, commit: &Commit, change: &Change<'_>) -> PostgresResult<()> {
    let changed = change.changed_entries();
    if changed.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = changed.iter().map(|entry| entry.seq).collect();
    let versions: Vec<i64> = changed.iter().map(|entry| entry.version).collect();
    let bodies: Vec<Option<&str>> = changed.iter().map(|entry| entry.body).collect();
    let digests: Vec<Option<i64>> = changed.iter().map(|entry| entry.digest).collect();
    let sql = "UPDATE scimlet_entry e SET version = w.version, modified = $1,
               body = COALESCE(w.body, e.body),
                 digest = COALESCE(w.digest, e.digest),
                 digest_version = CASE WHEN w.body IS NOT NULL OR e.digest_version = e.version
                 THEN w.version END
               FROM unnest($2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[])
               AS w(seq, version, body, digest)
               WHERE e.seq = w.seq";
    session.run(sql, &[&commit.at, &seqs, &versions, &bodies, &digests]).await
}

/// Adds the counts to the rows of kinds and fields.
async fn count(session: &Session, counts: &Counts) -> PostgresResult<()> {
    macro_rules! update {
        ($table:literal) => {
            concat!(
                "UPDATE ",
                $table,
                " x SET entries = x.entries + w.by
                 FROM unnest($1::BIGINT[], $2::BIGINT[]) AS w(id, by) WHERE x.id = w.id"
            )
        };
    }
    raise(session, update!("scimlet_kind"), &counts.kinds).await?;
    raise(session, update!("scimlet_field"), &counts.fields).await
}

async fn raise(session: &Session, sql: &str, by: &OrderedMap<i64, i64>) -> PostgresResult<()> {
    let (ids, by): (Vec<i64>, Vec<i64>) = by.iter().filter(|(_, by)| **by != 0).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    session.run(sql, &[&ids, &by]).await
}
