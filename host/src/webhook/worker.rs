//! The worker of one webhook: takes the lease when there is something to send, sends it, records
//! the outcome, and releases the lease when nothing is left.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::queue::{Failure, Queue};
use super::register::failed;
use super::sender::{Delivery, Sender};
use super::state::{DeliveryState, LEASE, Progress, pending_name};
use crate::clock::now;
use crate::feed::{CommitNotifier, Line, event_id, subject};
use crate::plugin::{Webhook, fresh_id};
use crate::store::{Channel, Epoch, RecordedEvent, TenantStorage, host_event};

/// The delay after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);
/// The most events of one page.
const PAGE: u32 = 64;

/// The worker of one webhook.
pub(super) struct Worker {
    pub(super) tenant: String,
    pub(super) webhook: Webhook,
    pub(super) store: Arc<dyn TenantStorage>,
    pub(super) notifier: CommitNotifier,
    pub(super) sender: Arc<Sender>,
    /// This host's id.
    pub(super) owner: String,
    pub(super) closing: watch::Receiver<bool>,
}

/// Deliveries in flight: the event's sequence number and the outcome.
type InFlight = JoinSet<(u64, Result<(), String>)>;

impl Worker {
    /// Serves until the server stops, or the webhook's state is deleted.
    pub(super) async fn run(mut self) {
        while !*self.closing.borrow() {
            match self.serve().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let url = &self.webhook.url;
                    tracing::warn!(tenant = self.tenant, url, "webhook: {error:#}");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Reads the state from the database, and serves until another host changes it. Returns whether
    /// to serve again.
    async fn serve(&mut self) -> anyhow::Result<bool> {
        let mut subscription = self.notifier.subscribe(&self.tenant);
        let Some(mut state) = DeliveryState::open(&*self.store, &self.webhook.url).await? else {
            return Ok(false);
        };
        if !self.is_in_feed(&mut state).await? {
            return Ok(true);
        }
        let pending = state.pending(&*self.store).await?;
        let mut queue = Queue::new(&state.id, state.progress.cursor, pending);
        queue.exhausted = state.progress.exhausted;
        let mut in_flight = InFlight::new();
        loop {
            while let Some(finished) = in_flight.try_join_next() {
                self.record(&mut queue, finished?);
            }
            self.fill(&mut queue).await?;
            if !self.settle(&mut state, &mut queue, &in_flight).await? {
                return Ok(true);
            }
            if *self.closing.borrow() {
                return self.leave(&mut state, &mut queue, in_flight).await;
            }
            if state.progress.owner == self.owner && state.progress.is_leased(now()) {
                self.send(&mut queue, &mut in_flight).await?;
            }
            tokio::select! {
                Some(finished) = in_flight.join_next() => self.record(&mut queue, finished?),
                () = subscription.wait() => {}
                () = due(queue.next(now())) => {}
                _ = self.closing.changed() => {}
            }
        }
    }

    /// Whether the events up to the cursor are in the feed. After a restore of an older copy the
    /// cursor goes back to the end of that copy: later events reuse the numbers and must be
    /// delivered.
    async fn is_in_feed(&self, state: &mut DeliveryState) -> anyhow::Result<bool> {
        let epoch = Epoch::of(&*self.store).await.map_err(failed)?;
        let newest = self.store.head().await.map_err(failed)?.sequence;
        let is_new = epoch.common.is_some() && epoch.id != state.progress.epoch;
        let end = if is_new { epoch.start.min(newest) } else { newest };
        state.progress.epoch = epoch.id;
        if state.progress.cursor <= end {
            return Ok(true);
        }
        self.rewind(state, end).await?;
        Ok(false)
    }

    async fn rewind(&self, state: &mut DeliveryState, newest: u64) -> anyhow::Result<()> {
        let from = state.progress.cursor;
        let pending = state.pending(&*self.store).await?;
        let gone = pending.into_keys().filter(|sequence| *sequence > newest);
        let gone = gone.map(|sequence| (pending_name(&state.id, sequence), None));
        let progress = Progress { cursor: newest, ..state.progress.clone() };
        if state.write(&*self.store, progress, gone.collect()).await? {
            let body = json!({"from": from, "to": newest});
            self.audit("webhook-rewound", body).await?;
        }
        Ok(())
    }

    /// Reads events of the feed that the webhook wants.
    async fn fill(&self, queue: &mut Queue) -> anyhow::Result<()> {
        while queue.has_room() {
            // Usually there is nothing new, and reading the head is the cheaper query.
            let newest = self.store.head().await.map_err(failed)?.sequence;
            ensure!(newest >= queue.read, "events that were read are gone");
            if newest == queue.read {
                return Ok(());
            }
            let events = self.store.events(queue.read, PAGE).await.map_err(failed)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            for recorded in events.iter().filter(|recorded| self.wants(recorded)) {
                queue.add(recorded.sequence, subject(&recorded.event));
            }
            queue.read = last.sequence;
        }
        Ok(())
    }

    fn wants(&self, recorded: &RecordedEvent) -> bool {
        let (event, wanted) = (&recorded.event, &self.webhook.events);
        let named = |name: &String| event.name.starts_with(name.as_str());
        event.channel == Channel::Feed && (wanted.is_empty() || wanted.iter().any(named))
    }

    /// Takes, renews or releases the lease, and writes the changes. Returns `false` if another host
    /// wrote meanwhile.
    async fn settle(
        &self,
        state: &mut DeliveryState,
        queue: &mut Queue,
        in_flight: &InFlight,
    ) -> anyhow::Result<bool> {
        let now = now();
        let before = state.progress.clone();
        let is_leased = before.is_leased(now);
        let is_leased_here = before.owner == self.owner && is_leased;
        if !is_leased_here && is_leased {
            // Another host has the lease. Its results are read when the lease has ended or been
            // released.
            sleep(Duration::from_millis((before.until - now).min(500))).await;
            return Ok(false);
        }
        let expired = queue.expire_dead(now);
        let has_turned = queue.exhausted != before.exhausted;
        let is_busy =
            !in_flight.is_empty() || queue.is_due(now) || queue.has_changes() || has_turned;
        let cursor = queue.cursor();
        let progress = if is_busy {
            let is_fresh = is_leased_here && before.until - now > LEASE / 2;
            if is_fresh && !queue.has_changes() && !has_turned && cursor == before.cursor {
                return Ok(true);
            }
            self.progress(&before, queue, now + LEASE)
        } else if is_leased_here {
            self.progress(&before, queue, 0)
        } else {
            return state.is_current(&*self.store).await;
        };
        let written = state.write(&*self.store, progress, queue.changes()).await?;
        if written && has_turned {
            let name = if queue.exhausted { "webhook-exhausted" } else { "webhook-recovered" };
            self.audit(name, json!({})).await?;
        }
        if written && expired > 0 {
            self.audit("webhook-events-dropped", json!({"count": expired})).await?;
        }
        Ok(written)
    }

    /// Records what happened to the webhook in the tenant's audit log. Names only the server of the
    /// URL, since the rest may be secret.
    async fn audit(&self, name: &str, mut body: serde_json::Value) -> anyhow::Result<()> {
        let server: Vec<&str> = self.webhook.url.splitn(4, '/').take(3).collect();
        let server = server.join("/");
        tracing::warn!(tenant = self.tenant, server, "{name}");
        body["webhook"] = server.rsplit_once('@').map_or(server.as_str(), |(_, host)| host).into();
        let done = host_event::append(&*self.store, now(), name, &body).await;
        done.map_err(|rejection| failed(rejection.reason))
    }

    fn progress(&self, before: &Progress, queue: &Queue, until: u64) -> Progress {
        Progress {
            cursor: queue.cursor(),
            exhausted: queue.exhausted,
            owner: self.owner.clone(),
            until,
            ..before.clone()
        }
    }

    /// Sends all events that may be sent now.
    async fn send(&self, queue: &mut Queue, in_flight: &mut InFlight) -> anyhow::Result<()> {
        while let Some(sequence) = queue.take(now()) {
            let before = sequence.saturating_sub(1);
            let found = self.store.events(before, 1).await.map_err(failed)?;
            let Some(recorded) = found.into_iter().find(|event| event.sequence == sequence) else {
                // Events removed from the database are detected by `audit verify`, not here.
                queue.remove(sequence);
                continue;
            };
            let delivery = self.delivery(&recorded);
            let (sender, webhook) = (Arc::clone(&self.sender), self.webhook.clone());
            in_flight.spawn(async move { (sequence, sender.send(&webhook, delivery).await) });
        }
        Ok(())
    }

    fn delivery(&self, recorded: &RecordedEvent) -> Delivery {
        let mut body = serde_json::to_value(Line::from(recorded)).unwrap_or_default();
        body["tenant"] = self.tenant.as_str().into();
        Delivery {
            // The id contains the digest, since a tenant that is deleted and created again counts
            // from 1.
            id: event_id(recorded.sequence, &recorded.digest),
            at: now() / 1000,
            body: body.to_string(),
        }
    }

    fn record(&self, queue: &mut Queue, (sequence, outcome): (u64, Result<(), String>)) {
        let Err(error) = outcome else {
            return queue.delivered(sequence);
        };
        let url = &self.webhook.url;
        tracing::info!(tenant = self.tenant, url, sequence, "not delivered: {error}");
        let [.., low, high] = fresh_id().into_bytes();
        let failure = Failure {
            error,
            at: now(),
            retry_window: self.webhook.retry_seconds.saturating_mul(1000),
            jitter: u64::from(u16::from_le_bytes([low, high])) * 64,
        };
        queue.failed(sequence, failure);
    }

    /// Waits for the deliveries in flight, and releases the lease.
    async fn leave(
        &self,
        state: &mut DeliveryState,
        queue: &mut Queue,
        mut in_flight: InFlight,
    ) -> anyhow::Result<bool> {
        while let Some(finished) = in_flight.join_next().await {
            self.record(queue, finished?);
        }
        if state.progress.owner == self.owner && state.progress.is_leased(now()) {
            let progress = self.progress(&state.progress, queue, 0);
            state.write(&*self.store, progress, queue.changes()).await?;
        }
        Ok(false)
    }
}

/// Waits until that time, or forever.
async fn due(at: Option<u64>) {
    match at {
        Some(at) => sleep(Duration::from_millis(at.saturating_sub(now()))).await,
        None => std::future::pending().await,
    }
}
