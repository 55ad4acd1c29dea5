//! The events of a commit. They come last: from the lock of the tenant's row until the commit is durable, no other commit
//! of the tenant gets its numbers, so that whoever sees a number has seen all smaller ones.

use super::Commit;
use super::change::Change;
use crate::store::postgres::fault::Step;
use crate::store::postgres::read::{digest, unsigned};
use crate::store::postgres::session::Session;
use crate::store::{Channel, RecordedEvent, Refusal, chain};

/// Numbers and writes the events, and empties the bodies that are to be emptied.
pub(super) async fn write(
    session: &Session,
    tenant: i64,
    commit: &Commit,
    change: &Change<'_>,
) -> Step<()> {
    if change.events.is_empty() && change.redacted.is_empty() {
        return Ok(());
    }
    let sql = "SELECT sequence, digest FROM tenant WHERE id = $1 FOR NO KEY UPDATE";
    let rows = session.rows(sql, &[&tenant]).await?;
    let gone = || Refusal::Unavailable("the tenant was deleted".into());
    let last = rows.first().ok_or_else(gone)?;
    let (sequence, previous) = (last.get("sequence"), digest(last, "digest"));
    let mut recorded = record(commit, change, sequence, previous);
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

fn record(
    commit: &Commit,
    change: &Change<'_>,
    sequence: i64,
    mut previous: chain::Digest,
) -> Vec<RecordedEvent> {
    let (at, first) = (unsigned(commit.at), unsigned(sequence) + 1);
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
