//! The writes that append or redact events or adjust counters.

use rusqlite::params;
use scimlet_sql::commit::adjusted;
use scimlet_sql::commit::events::channel_number;

use super::commit::Change;
use super::error::SqliteResult;
use super::read;
use super::rows::unsigned;
use super::sweep;
use crate::store::{Adjustment, Event, Key, RecordedEvent, hash_chain};

impl Change<'_> {
    pub(super) fn adjust(&mut self, adjustment: Adjustment) -> SqliteResult<()> {
        let old = read::counter(self.db, self.tenant, &adjustment.counter)?;
        let new = adjusted(old, &adjustment)?;
        self.db
            .prepare_cached(
                "INSERT INTO scimlet_counter VALUES (?, ?, ?)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute(params![self.tenant, adjustment.counter, new])?;
        Ok(())
    }

    pub(super) fn append(&mut self, event: Event) -> SqliteResult<()> {
        let sequence = self.outbox.sequence + 1;
        let (number, at) = (unsigned(sequence), unsigned(self.at));
        let recorded = hash_chain::record(&self.outbox.digest, number, at, &self.actor, event);
        self.insert_event(sequence, &recorded)?;
        self.outbox.sequence = sequence;
        self.outbox.digest = recorded.digest;
        self.outbox.appended = true;
        Ok(())
    }

    fn insert_event(&self, sequence: i64, recorded: &RecordedEvent) -> SqliteResult<()> {
        let event = &recorded.event;
        let subject = event.subject.as_ref();
        self.db
            .prepare_cached("INSERT INTO scimlet_event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                self.tenant,
                sequence,
                self.at,
                recorded.actor,
                channel_number(event.channel),
                event.name,
                subject.map(|key| &key.kind),
                subject.map(|key| &key.id),
                event.body,
                recorded.body_digest,
                recorded.digest,
            ])?;
        Ok(())
    }

    pub(super) fn redact(&mut self, subject: &Key) -> SqliteResult<()> {
        self.db
            .prepare_cached(
                "UPDATE scimlet_event SET body = ''
                 WHERE tenant = ? AND subject_kind = ? AND subject_id = ? AND body <> ''",
            )?
            .execute(params![self.tenant, subject.kind, subject.id])?;
        sweep::leave_log(self.db)?;
        Ok(())
    }

    /// Writes the new end of the event log.
    pub(super) fn close_outbox(&self) -> SqliteResult<()> {
        if self.outbox.appended {
            self.db
                .prepare_cached("UPDATE scimlet_tenant SET sequence = ?, digest = ? WHERE id = ?")?
                .execute(params![self.outbox.sequence, self.outbox.digest, self.tenant])?;
        }
        Ok(())
    }
}
