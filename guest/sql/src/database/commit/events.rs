//! The statements that write the events of a commit.

use scimlet_store::{Key, RecordedEvent};

use crate::commit::events::channel_number;
use crate::database::insert;
use crate::{Dialect, Sql, Value};

/// Returns the statement that empties the bodies of the events about a subject.
pub(super) fn redact(tenant: i64, subject: &Key) -> Sql {
    Sql::new(
        "UPDATE scimlet_event SET body = ''
         WHERE tenant = ? AND subject_kind = ? AND subject_id = ? AND body <> ''",
    )
    .bind(tenant)
    .bind(subject.kind.clone())
    .bind(subject.id.clone())
}

/// Returns the statements that write events, and the tenant's last one.
pub(super) fn append(dialect: Dialect, tenant: i64, recorded: &[RecordedEvent]) -> Vec<Sql> {
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
