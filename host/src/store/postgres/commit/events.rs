//! The end of a commit, which the commits of one tenant pass one at a time: from the lock of the
//! tenant's row until the commit is durable no other changes of the tenant become visible. So a
//! reader that sees an event has seen all earlier ones, and what an unlocked comparison finds
//! unchanged stays so.

use scimlet_sql::commit::Change;
use scimlet_sql::commit::events::{channel_number, record};
use tokio_postgres::Row;

use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::read::{digest, unsigned};
use crate::store::postgres::session::{Parameters, Session};
use crate::store::{ChainHead, RecordedEvent, deleted};

/// Locks the tenant's row, and waits for the commits before this one.
pub(super) async fn lock_tenant(session: &Session, tenant: i64) -> PostgresResult<ChainHead> {
    let sql = "SELECT sequence, digest FROM scimlet_tenant WHERE id = $1 FOR NO KEY UPDATE";
    let rows = session.rows(sql, &[&tenant]).await?;
    let last = rows.first().ok_or_else(deleted)?;
    Ok(ChainHead { sequence: unsigned(last.get("sequence")), digest: digest(last, "digest") })
}

/// Returns the commit's time in milliseconds, which the changed entries get too; `None` if an
/// expected entry has changed.
///
/// Must be a statement of its own after the one that waited for the lock, which sees other tables
/// as they were before it waited.
pub(super) async fn time(
    session: &Session,
    tenant: i64,
    at: i64,
    last: ChainHead,
    change: &Change<'_>,
) -> PostgresResult<Option<i64>> {
    let expected = &change.loaded.expected;
    let (expected_seqs, versions): (Vec<i64>, Vec<i64>) = expected.iter().copied().unzip();
    let changed = change.entries.values().filter(|held| held.changed);
    let seqs: Vec<i64> = changed.map(|held| held.seq).collect();
    let sql = "WITH earliest AS (
                 SELECT LEAST(at, 9223372036854775806) + 1 AS at
                 FROM scimlet_event WHERE tenant = $1 AND sequence = $2),
               postponed AS (
                 UPDATE scimlet_entry e SET modified = earliest.at,
                   created = CASE e.version WHEN 1 THEN earliest.at ELSE e.created END
                 FROM earliest WHERE e.seq = ANY($3::BIGINT[]) AND earliest.at > $4)
               SELECT GREATEST($4, (SELECT at FROM earliest)) AS at, (
                 SELECT COUNT(*) FROM unnest($5::BIGINT[], $6::BIGINT[]) AS w(seq, version)
                 JOIN scimlet_entry e ON e.seq = w.seq AND e.version = w.version) AS found";
    let parameters: Parameters<'_> =
        &[&tenant, &signed(last.sequence), &seqs, &at, &expected_seqs, &versions];
    let rows = session.rows(sql, parameters).await?;
    let is_as_expected =
        |row: &&Row| usize::try_from(row.get::<_, i64>("found")) == Ok(expected.len());
    let row = rows.first().filter(is_as_expected);
    Ok(row.map(|row| row.get("at")))
}

/// Numbers and writes the events, and redacts the bodies that are to be redacted.
pub(super) async fn write(
    session: &Session,
    (tenant, at): (i64, i64),
    actor: &str,
    change: &Change<'_>,
    last: ChainHead,
) -> PostgresResult<()> {
    for (subject, _) in &change.redacted {
        let sql = "UPDATE scimlet_event SET body = ''
                   WHERE tenant = $1 AND subject_kind = $2 AND subject_id = $3 AND body <> ''";
        session.run(sql, &[&tenant, &subject.kind, &subject.id]).await?;
    }
    insert(session, tenant, &record(unsigned(at), actor, change, last)).await
}

async fn insert(session: &Session, tenant: i64, recorded: &[RecordedEvent]) -> PostgresResult<()> {
    let Some(last) = recorded.last() else {
        return Ok(());
    };
    let events = || recorded.iter().map(|recorded| &recorded.event);
    let subjects = || events().map(|event| event.subject.as_ref());
    let at = signed(last.at);
    let sequences: Vec<i64> = recorded.iter().map(|one| signed(one.sequence)).collect();
    let channels: Vec<i64> = events().map(|event| channel_number(event.channel)).collect();
    let names: Vec<&str> = events().map(|event| event.name.as_str()).collect();
    let kinds: Vec<Option<&str>> = subjects().map(|key| Some(key?.kind.as_str())).collect();
    let ids: Vec<Option<&str>> = subjects().map(|key| Some(key?.id.as_str())).collect();
    let bodies: Vec<&str> = events().map(|event| event.body.as_str()).collect();
    let body_digests: Vec<&[u8]> = recorded.iter().map(|one| one.body_digest.as_slice()).collect();
    let digests: Vec<&[u8]> = recorded.iter().map(|one| one.digest.as_slice()).collect();
    let sql = "INSERT INTO scimlet_event(tenant, at, actor, sequence, channel, name,
                 subject_kind, subject_id, body, body_digest, digest)
               SELECT $1, $2, $3, w.*
               FROM unnest($4::BIGINT[], $5::BIGINT[], $6::TEXT[], $7::TEXT[],
                 $8::TEXT[], $9::TEXT[], $10::BYTEA[], $11::BYTEA[]) AS w";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
        &tenant,
        &at,
        &last.actor,
        &sequences,
        &channels,
        &names,
        &kinds,
        &ids,
        &bodies,
        &body_digests,
        &digests,
    ];
    session.run(sql, &parameters).await?;
    let sql = "UPDATE scimlet_tenant SET sequence = $2, digest = $3 WHERE id = $1";
    let end: (i64, &[u8]) = (signed(last.sequence), &last.digest);
    session.run(sql, &[&tenant, &end.0, &end.1]).await
}

/// Converts a number as the tables keep it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
