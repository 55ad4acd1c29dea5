//! The end of a commit, which those of one tenant reach one after another: from the lock of the tenant's row until the
//! commit is durable nobody else's changes become visible. So whoever sees an event's number has seen all smaller ones, and
//! what an unlocked look finds unchanged stays so.

use super::change::Change;
use super::{Commit, gone};
use crate::store::postgres::fault::Step;
use crate::store::postgres::read::{digest, unsigned};
use crate::store::postgres::session::Session;
use crate::store::{Channel, RecordedEvent, chain};

/// Number and digest of the tenant's last event.
pub(super) struct Last {
    sequence: i64,
    digest: chain::Digest,
}

/// Waits until this commit is the tenant's next one.
pub(super) async fn take_turn(session: &Session, tenant: i64) -> Step<Last> {
    let sql = "SELECT sequence, digest FROM tenant WHERE id = $1 FOR NO KEY UPDATE";
    let rows = session.rows(sql, &[&tenant]).await?;
    let last = rows.first().ok_or_else(gone)?;
    Ok(Last {
        sequence: last.get("sequence"),
        digest: digest(last, "digest"),
    })
}

/// Whether all that the commit expects is as it was.
pub(super) async fn is_as_expected(session: &Session, change: &Change<'_>) -> Step<bool> {
    let expected = &change.loaded.expected;
    if expected.is_empty() {
        return Ok(true);
    }
    let (seqs, versions): (Vec<i64>, Vec<i64>) = expected.iter().copied().unzip();
    let sql = "SELECT COUNT(*) FROM unnest($1::BIGINT[], $2::BIGINT[]) AS w(seq, version)
               JOIN entry e ON e.seq = w.seq AND e.version = w.version";
    let rows = session.rows(sql, &[&seqs, &versions]).await?;
    let found = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    Ok(usize::try_from(found) == Ok(expected.len()))
}

/// Numbers and writes the events, and empties the bodies that are to be emptied.
pub(super) async fn write(
    session: &Session,
    tenant: i64,
    commit: &Commit,
    change: &Change<'_>,
    last: Last,
) -> Step<()> {
    let mut recorded = record(commit, change, last);
    for (subject, earlier) in &change.redacted {
        let sql = "UPDATE event SET body = ''
                   WHERE tenant = $1 AND subject_kind = $2 AND subject_id = $3 AND body <> ''";
        session
            .run(sql, &[&tenant, &subject.kind, &subject.id])
            .await?;
        for event in recorded.iter_mut().take(*earlier) {
            if event.event.subject.as_ref() == Some(*subject) {
                event.event.body.clear();
            }
        }
    }
    insert(session, tenant, &recorded).await
}

fn record(commit: &Commit, change: &Change<'_>, last: Last) -> Vec<RecordedEvent> {
    let mut previous = last.digest;
    let (at, first) = (unsigned(commit.at), unsigned(last.sequence) + 1);
    let mut recorded = Vec::with_capacity(change.events.len());
    for (number, event) in (first..).zip(&change.events) {
        let event = chain::record(&previous, number, at, &commit.actor, (*event).clone());
        previous = event.digest;
        recorded.push(event);
    }
    recorded
}

async fn insert(session: &Session, tenant: i64, recorded: &[RecordedEvent]) -> Step<()> {
    let Some(last) = recorded.last() else {
        return Ok(());
    };
    let events = || recorded.iter().map(|recorded| &recorded.event);
    let subjects = || events().map(|event| event.subject.as_ref());
    let number = |event: &RecordedEvent| i64::try_from(event.sequence).unwrap_or(i64::MAX);
    let at = i64::try_from(last.at).unwrap_or(i64::MAX);
    let sequences: Vec<i64> = recorded.iter().map(number).collect();
    let channels: Vec<i64> = events().map(|event| channel(event.channel)).collect();
    let names: Vec<&str> = events().map(|event| event.name.as_str()).collect();
    let kinds: Vec<Option<&str>> = subjects().map(|key| Some(key?.kind.as_str())).collect();
    let ids: Vec<Option<&str>> = subjects().map(|key| Some(key?.id.as_str())).collect();
    let bodies: Vec<&str> = events().map(|event| event.body.as_str()).collect();
    let body_digests: Vec<&[u8]> = recorded
        .iter()
        .map(|one| one.body_digest.as_slice())
        .collect();
    let digests: Vec<&[u8]> = recorded.iter().map(|one| one.digest.as_slice()).collect();
    let sql = "INSERT INTO event(tenant, at, actor, sequence, channel, name,
                 subject_kind, subject_id, body, body_digest, digest)
               SELECT $1, $2, $3, w.* FROM unnest($4::BIGINT[], $5::BIGINT[], $6::TEXT[], $7::TEXT[],
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
    let sql = "UPDATE tenant SET sequence = $2, digest = $3 WHERE id = $1";
    let end: (i64, &[u8]) = (number(last), &last.digest);
    session.run(sql, &[&tenant, &end.0, &end.1]).await
}

fn channel(channel: Channel) -> i64 {
    match channel {
        Channel::Feed => 0,
        Channel::Audit => 1,
    }
}
