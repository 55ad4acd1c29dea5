//! The pending deliveries of one webhook, and which of them may be sent now. Does no I/O: callers
//! pass the time.
//!
//! INVARIANT: at most one event about a resource is in flight, and none before all earlier ones are
//! delivered.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{PendingDelivery, pending_name, text};
use crate::store::MetadataEntry;

/// The most deliveries in flight.
const MAX_IN_FLIGHT: usize = 8;
/// The most events that have been read but not tried yet.
const FRESH: usize = 64;
/// The most deliveries that are being retried. No further events are read at this limit: the
/// receiver is as good as gone.
const WAITING: usize = 1000;
/// The most dead deliveries that are kept for an operator to retry; the oldest are dropped.
const DEAD: usize = 10_000;
/// How long dead deliveries are kept, in milliseconds: 30 days.
const DEAD_AGE: u64 = 30 * 24 * 60 * 60 * 1000;
/// The first retry delay in milliseconds. It doubles with each attempt.
const FIRST_DELAY: u64 = 500;
/// The longest retry delay in milliseconds: one hour.
const MAX_DELAY: u64 = 60 * 60 * 1000;

/// A failed delivery attempt.
pub(super) struct Failure {
    pub(super) error: String,
    /// The time of the failure in milliseconds since 1970.
    pub(super) at: u64,
    /// How long an event is retried, in milliseconds.
    pub(super) retry_window: u64,
    /// A random number that varies the delay, so that retries do not all arrive at once.
    pub(super) jitter: u64,
}

/// The events of a webhook that are not delivered yet.
pub(super) struct Queue {
    /// The webhook's id in metadata names.
    id: String,
    items: BTreeMap<u64, Item>,
    /// The sequence number up to which the feed was read.
    pub(super) read: u64,
    /// Whether an event was given up and none was delivered since.
    pub(super) exhausted: bool,
    /// Metadata changes that are not written yet.
    changes: BTreeMap<u64, MetadataEntry>,
}

struct Item {
    delivery: PendingDelivery,
    /// Whether the delivery is stored in the database, so that its event need not be read from the
    /// feed again.
    kept: bool,
    in_flight: bool,
}

impl Queue {
    pub(super) fn new(id: &str, read: u64, deliveries: BTreeMap<u64, PendingDelivery>) -> Self {
        let item = |delivery| Item { delivery, kept: true, in_flight: false };
        let items = deliveries.into_iter().map(|(number, delivery)| (number, item(delivery)));
        Self {
            id: id.to_owned(),
            items: items.collect(),
            read,
            exhausted: false,
            changes: BTreeMap::new(),
        }
    }

    /// Adds an event of the feed. After a waiting or dead event about the same resource it waits,
    /// or is dead, too.
    pub(super) fn add(&mut self, sequence: u64, subject: Option<String>) {
        let mut delivery = PendingDelivery {
            sequence,
            subject,
            attempts: 0,
            first: 0,
            next: 0,
            error: String::new(),
            dead: false,
        };
        let before = self.items.values().filter(|item| item.kept).map(|item| &item.delivery);
        let blocking = before.rev().find(|before| before.resource() == delivery.resource());
        let kept = blocking.is_some();
        if let Some(blocking) = blocking.filter(|blocking| blocking.dead) {
            (delivery.dead, delivery.error) = (true, behind(blocking.sequence));
        }
        self.read = self.read.max(sequence);
        let item = Item { delivery, kept, in_flight: false };
        self.items.insert(sequence, item);
        if kept {
            self.record(sequence);
        }
    }

    /// Whether more events may be read.
    pub(super) fn has_room(&self) -> bool {
        let alive = self.items.values().filter(|item| !item.delivery.dead);
        let (kept, fresh): (Vec<_>, Vec<_>) = alive.partition(|item| item.kept);
        kept.len() < WAITING && fresh.len() < FRESH
    }

    /// Returns the sequence number up to which events need not be read again.
    pub(super) fn cursor(&self) -> u64 {
        let fresh = self.items.iter().find(|(_, item)| !item.kept);
        fresh.map_or(self.read, |(sequence, _)| sequence.saturating_sub(1))
    }

    /// Returns an event that may be sent now, and marks it as in flight.
    pub(super) fn take(&mut self, now: u64) -> Option<u64> {
        if self.in_flight() >= MAX_IN_FLIGHT {
            return None;
        }
        let next = self.first_ones().find(|delivery| delivery.next <= now)?.sequence;
        self.items.get_mut(&next)?.in_flight = true;
        Some(next)
    }

    /// Whether [`Queue::take`] would return an event.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.in_flight() < MAX_IN_FLIGHT && self.first_ones().any(|delivery| delivery.next <= now)
    }

    /// Returns the next time after `now` at which an event may be sent.
    pub(super) fn next(&self, now: u64) -> Option<u64> {
        let times = self.first_ones().map(|delivery| delivery.next);
        times.filter(|next| *next > now).min()
    }

    /// Returns the earliest event of each resource, unless it is dead or in flight.
    fn first_ones(&self) -> impl Iterator<Item = &PendingDelivery> {
        let mut seen = BTreeSet::new();
        let firsts = self.items.values().filter(move |item| seen.insert(item.delivery.resource()));
        let idle = firsts.filter(|item| !item.in_flight && !item.delivery.dead);
        idle.map(|item| &item.delivery)
    }

    fn in_flight(&self) -> usize {
        self.items.values().filter(|item| item.in_flight).count()
    }

    /// Drops dead deliveries that are too many or too old, the oldest first. Returns how many.
    pub(super) fn expire_dead(&mut self, now: u64) -> usize {
        let dead = self.items.values().filter(|item| item.delivery.dead);
        let surplus = dead.clone().count().saturating_sub(DEAD);
        // One that was never tried has no time, and is dropped with the one that it waits for.
        let is_old =
            |delivery: &PendingDelivery| delivery.next > 0 && delivery.next + DEAD_AGE < now;
        let old: BTreeSet<_> = dead
            .clone()
            .filter(|item| is_old(&item.delivery))
            .map(|item| item.delivery.resource())
            .collect();
        let expired = dead.enumerate().filter(|(index, item)| {
            let delivery = &item.delivery;
            *index < surplus
                || is_old(delivery)
                || delivery.next == 0 && old.contains(&delivery.resource())
        });
        let expired: Vec<u64> = expired.map(|(_, item)| item.delivery.sequence).collect();
        for sequence in &expired {
            self.remove(*sequence);
        }
        expired.len()
    }

    /// Removes an event that was delivered or need not be.
    pub(super) fn remove(&mut self, sequence: u64) {
        let gone = self.items.remove(&sequence);
        if gone.is_some_and(|item| item.kept) {
            let change = (pending_name(&self.id, sequence), None);
            self.changes.insert(sequence, change);
        }
    }

    pub(super) fn delivered(&mut self, sequence: u64) {
        self.exhausted = false;
        self.remove(sequence);
    }

    /// Schedules another attempt, or gives the event up after its retry window. Later events about
    /// the same resource wait, or are given up, with it.
    pub(super) fn failed(&mut self, sequence: u64, failure: Failure) {
        let Some(item) = self.items.get_mut(&sequence) else {
            return;
        };
        let delivery = &mut item.delivery;
        item.in_flight = false;
        if delivery.attempts == 0 {
            delivery.first = failure.at;
        }
        let pause = pause(delivery.attempts, failure.jitter);
        delivery.attempts = delivery.attempts.saturating_add(1);
        delivery.next = failure.at.saturating_add(pause);
        delivery.error = failure.error;
        delivery.dead = failure.at.saturating_sub(delivery.first) >= failure.retry_window;
        let (resource, dead) = (delivery.resource().map(ToOwned::to_owned), delivery.dead);
        self.exhausted |= dead;
        self.keep_from(sequence, resource.as_deref(), dead);
    }

    fn keep_from(&mut self, sequence: u64, resource: Option<&str>, dead: bool) {
        let mut kept = Vec::new();
        for (number, item) in self.items.range_mut(sequence..) {
            if item.delivery.resource() != resource {
                continue;
            }
            if dead && *number > sequence {
                item.delivery.error = behind(sequence);
            }
            let changes = dead || !item.kept || *number == sequence;
            item.delivery.dead |= dead;
            item.kept = true;
            kept.extend(changes.then_some(*number));
        }
        kept.into_iter().for_each(|number| self.record(number));
    }

    /// Schedules a delivery to be written in its current state.
    fn record(&mut self, sequence: u64) {
        let delivery = self.items.get(&sequence).map(|item| &item.delivery);
        let written = delivery.and_then(|delivery| text(delivery).ok());
        let change = (pending_name(&self.id, sequence), written);
        self.changes.insert(sequence, change);
    }

    /// Takes the metadata changes to write.
    pub(super) fn changes(&mut self) -> Vec<MetadataEntry> {
        std::mem::take(&mut self.changes).into_values().collect()
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }
}

fn behind(sequence: u64) -> String {
    format!("it comes behind event {sequence}, which was given up")
}

/// Returns the delay: random, between half and all of the exponential delay for this number of
/// attempts.
fn pause(attempts: u32, jitter: u64) -> u64 {
    let doubled = FIRST_DELAY.saturating_mul(1u64 << attempts.min(20));
    let whole = doubled.min(MAX_DELAY);
    let half = whole / 2;
    half + jitter % (whole - half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(events: &[(u64, &str)]) -> Queue {
        let mut queue = Queue::new("w", 0, BTreeMap::new());
        for (sequence, subject) in events {
            queue.add(*sequence, Some((*subject).to_owned()));
        }
        queue
    }

    fn failure(at: u64) -> Failure {
        Failure { error: "no".to_owned(), at, retry_window: 10_000, jitter: 0 }
    }

    fn taken(queue: &mut Queue, now: u64) -> Vec<u64> {
        std::iter::from_fn(|| queue.take(now)).collect()
    }

    #[test]
    fn one_resource_waits_and_the_others_go_on() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!(taken(&mut queue, 0), [1, 3]);
        queue.failed(1, failure(0));
        queue.delivered(3);
        assert_eq!(queue.cursor(), 3, "1 and 2 are deliveries now");
        assert_eq!(queue.changes().len(), 2);
        assert!(taken(&mut queue, 249).is_empty());
        queue.add(4, Some("a".to_owned()));
        assert_eq!(taken(&mut queue, 500), [1]);
        queue.delivered(1);
        assert_eq!(taken(&mut queue, 500), [2]);
        queue.delivered(2);
        assert_eq!(taken(&mut queue, 500), [4]);
    }

    #[test]
    fn a_resource_is_the_same_at_another_endpoint() {
        let mut queue = queue(&[(1, "/Device/a"), (2, "/Devices/a"), (3, "/Devices/b")]);
        assert_eq!(taken(&mut queue, 0), [1, 3]);
    }

    #[test]
    fn what_comes_behind_a_dead_letter_is_dead() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!(queue.take(0), Some(1));
        queue.failed(1, failure(0));
        assert_eq!(queue.take(500), Some(1));
        queue.failed(1, failure(10_000));
        queue.add(4, Some("a".to_owned()));
        assert_eq!(taken(&mut queue, u64::MAX), [3]);
        assert!(queue.next(0).is_none());
        let dead = queue.items.values().filter(|item| item.delivery.dead);
        assert_eq!(dead.count(), 3);
    }

    #[test]
    fn dead_letters_are_bounded() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!(queue.take(0), Some(1));
        queue.failed(1, failure(0));
        assert_eq!(queue.take(500), Some(1));
        queue.failed(1, failure(10_000));
        assert_eq!(queue.expire_dead(20_000), 0);
        assert_eq!(queue.expire_dead(20_000 + DEAD_AGE), 2, "with what stands behind it");
        assert_eq!(taken(&mut queue, 20_000), [3]);
        for number in 0..DEAD as u64 + 5 {
            queue.add(10 + number, Some("c".to_owned()));
        }
        queue.failed(10, failure(0));
        queue.failed(10, failure(10_000));
        assert_eq!(queue.expire_dead(20_000), 5);
        let dead = queue.items.values().filter(|item| item.delivery.dead);
        assert_eq!(dead.count(), DEAD);
        assert!(queue.exhausted);
        queue.delivered(3);
        assert!(!queue.exhausted);
    }

    #[test]
    fn the_cursor_stays_before_what_only_memory_knows() {
        let mut queue = queue(&[(5, "a"), (6, "b")]);
        assert_eq!(taken(&mut queue, 0), [5, 6]);
        queue.delivered(6);
        assert_eq!(queue.cursor(), 4);
        queue.delivered(5);
        assert_eq!(queue.cursor(), 6);
        assert!(!queue.has_changes());
    }

    #[test]
    fn pauses_grow_up_to_an_hour() {
        assert_eq!((pause(0, 0), pause(0, 250), pause(3, 0)), (250, 500, 2000));
        assert_eq!(pause(60, 1_800_000), MAX_DELAY);
    }
}
