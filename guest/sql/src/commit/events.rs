//! The records of a commit's events.

use scimlet_store::{ChainHead, Channel, Key, RecordedEvent, hash_chain};

use super::change::Change;

/// Returns the records of the events that a change appends after `last`, at the time `at` in
/// milliseconds since 1970. Those that a later write of the commit redacts have empty bodies.
#[must_use]
pub fn record(at: u64, actor: &str, change: &Change<'_>, last: ChainHead) -> Vec<RecordedEvent> {
    let mut previous = last.digest;
    let mut recorded = Vec::with_capacity(change.events.len());
    for (number, event) in (last.sequence + 1..).zip(&change.events) {
        let event = hash_chain::record(&previous, number, at, actor, (*event).clone());
        previous = event.digest;
        recorded.push(event);
    }
    for (subject, earlier) in &change.redacted {
        recorded.iter_mut().take(*earlier).for_each(|event| redact(event, subject));
    }
    recorded
}

fn redact(event: &mut RecordedEvent, subject: &Key) {
    if event.event.subject.as_ref() == Some(subject) {
        event.event.body.clear();
    }
}

/// Returns the number by which the tables name a channel.
#[must_use]
pub fn channel_number(channel: Channel) -> i64 {
    match channel {
        Channel::Feed => 0,
        Channel::Audit => 1,
    }
}
