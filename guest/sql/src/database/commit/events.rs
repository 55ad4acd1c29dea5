//! The events of a commit, and its time.

use scimlet_store::{Key, RecordedEvent, Refusal};

use super::Stop;
use super::write::End;
use crate::commit::Change;
use crate::commit::events::{channel_number, record};
use crate::database::connection::{Connection, execute};
use crate::database::insert;
use crate::database::source::numbers;
use crate::{Dialect, Sql, Value};

/// Numbers and writes the events, and redacts the bodies that are to be redacted. Returns the
/// commit's time: the given one or, if the tenant has an event that is not older, a millisecond
/// after the newest one; the changed entries get that too.
pub(super) fn write(
    connection: &impl Connection,
    tenant: i64,
    (at, actor): (i64, &str),
    change: &Change<'_>,
    end: End,
) -> Result<u64, Stop> {
    let dialect = connection.dialect();
    let mut statements = Vec::new();
    let earliest = end.at.map_or(at, |last| last.saturating_add(1).max(at));
    if earliest > at {
        statements.extend(postpone(dialect, change, earliest));
    }
    statements.extend(change.redacted.iter().map(|(subject, _)| redact(tenant, subject)));
    let time = u64::try_from(earliest).map_err(|_| Refusal::Invalid("the time".into()))?;
    let recorded = record(time, actor, change, end.last);
    statements.extend(append(dialect, tenant, &recorded));
    if !statements.is_empty() {
        execute(connection, statements)?;
    }
    Ok(time)
}

/// Sets the times of the changed entries, which were written with an earlier one.
fn postpone(dialect: Dialect, change: &Change<'_>, at: i64) -> Option<Sql> {
    let changed = change.entries.values().filter(|held| held.changed);
    let seqs: Vec<i64> = changed.map(|held| held.seq).collect();
    let sql = "UPDATE scimlet_entry SET modified = ?,
               created = CASE version WHEN 1 THEN ? ELSE created END WHERE seq IN (";
    (!seqs.is_empty())
        .then(|| Sql::new(sql).bind(at).bind(at).append(numbers(dialect, &seqs)).text(")"))
}

fn redact(tenant: i64, subject: &Key) -> Sql {
    Sql::new(
        "UPDATE scimlet_event SET body = ''
         WHERE tenant = ? AND subject_kind = ? AND subject_id = ? AND body <> ''",
    )
    .bind(tenant)
    .bind(subject.kind.clone())
    .bind(subject.id.clone())
}

fn append(dialect: Dialect, tenant: i64, recorded: &[RecordedEvent]) -> Vec<Sql> {
    let Some(last) = recorded.last() else {
        return Vec::new();
    };
    let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let row = |one: &RecordedEvent| {
        let event = &one.event;
        let subject = event.subject.as_ref();
        vec![
            tenant.into(),
            number(one.sequence),
            number(one.at),
            one.actor.clone().into(),
            channel_number(event.channel).into(),
            event.name.clone().into(),
            subject.map(|key| key.kind.clone()).into(),
            subject.map(|key| key.id.clone()).into(),
            event.body.clone().into(),
            one.body_digest.to_vec().into(),
            one.digest.to_vec().into(),
        ]
    };
    let head = "INSERT INTO scimlet_event(tenant, sequence, at, actor, channel, name,
                  subject_kind, subject_id, body, body_digest, digest) VALUES ";
    let rows = recorded.iter().map(row).collect();
    let mut statements = insert::statements(dialect, rows, head, "");
    let sql = "UPDATE scimlet_tenant SET sequence = ?, digest = ? WHERE id = ?";
    let end = Sql::new(sql).bind(number(last.sequence)).bind(last.digest.to_vec()).bind(tenant);
    statements.push(end);
    statements
}
