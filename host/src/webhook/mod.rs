//! Delivers the events of each tenant's feed to the webhooks of its profile: at least once, and in
//! order for each resource. A receiver that fails for one resource does not delay the others.
//!
//! The database records what is not delivered yet, so that a killed host loses nothing: `state` is
//! a webhook's progress, `queue` its pending deliveries, `worker` serves one webhook, `sender`
//! makes the HTTP request. If several hosts use one database, a lease lets only one at a time serve
//! a webhook.

mod egress;
mod operator;
mod queue;
mod register;
mod sender;
mod state;
mod worker;

pub use egress::Egress;
pub use operator::{Report, StateError, report, retry};
pub use state::PendingDelivery;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::sender::Sender;
use self::worker::Worker;
use crate::Plugin;
use crate::feed::CommitNotifier;
use crate::plugin::{AdminError, Webhook, fresh_id};
use crate::store::{ChainHead, Database, Tenant, TenantStorage};

/// How long changed webhooks may go unnoticed.
const PASS: Duration = Duration::from_secs(2);

/// How long the pass that asks a tenant waits for its answer. A tenant whose requests or
/// connections queue may take longer. It keeps its place in the queue, and later passes look for
/// its answer without waiting. One tenant stretches no pause: `SHARE` times this is [`PASS`].
const PATIENCE: Duration = Duration::from_millis(100);

/// The share of time that is spent on asking for webhooks: one part in `SHARE`. With very many
/// tenants, changes go unnoticed for longer.
const SHARE: u32 = 20;

/// Serves the webhooks of all tenants.
pub struct Dispatcher {
    plugin: Arc<Plugin>,
    database: Arc<dyn Database>,
    notifier: CommitNotifier,
    sender: Arc<Sender>,
    /// This host's id in leases.
    owner: String,
    closing: watch::Receiver<bool>,
    tenants: BTreeMap<String, Served>,
    /// Calls of [`Dispatcher::ask`] that have not returned yet, by tenant.
    asked: BTreeMap<String, JoinHandle<anyhow::Result<Option<Answer>>>>,
}

/// A tenant's webhooks, after new events.
struct Answer {
    /// The tenant's time of creation, and its last event before its webhooks were read.
    seen: (u64, ChainHead),
    store: Arc<dyn TenantStorage>,
    webhooks: Vec<Webhook>,
}

/// A tenant whose webhooks are served.
struct Served {
    /// The tenant's time of creation, and its last event before its webhooks were read.
    seen: (u64, ChainHead),
    /// Workers by URL.
    workers: BTreeMap<String, (Webhook, JoinHandle<()>)>,
}

impl Dispatcher {
    /// Creates a dispatcher that connects only where `egress` allows, and stops when `closing` is
    /// true.
    #[must_use]
    pub fn new(
        plugin: Arc<Plugin>,
        database: Arc<dyn Database>,
        notifier: CommitNotifier,
        egress: Egress,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self {
            plugin,
            database,
            notifier,
            sender: Arc::new(Sender::new(egress)),
            owner: fresh_id().to_string(),
            closing,
            tenants: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Serves until closed; returns when all leases are released.
    pub async fn run(mut self) {
        while !*self.closing.borrow() {
            let spent = self.pass().await.unwrap_or_else(|error| {
                tracing::warn!("webhooks: {error:#}");
                Duration::ZERO
            });
            tokio::select! {
                () = sleep(PASS.max(spent * SHARE)) => {}
                _ = self.closing.changed() => {}
            }
        }
        for asked in self.asked.into_values() {
            asked.abort();
        }
        for served in self.tenants.into_values() {
            for (_, worker) in served.workers.into_values() {
                // A worker that panicked has no lease to release.
                drop(worker.await);
            }
        }
    }

    /// Reads the webhooks of every tenant that has new events. Returns how long that took, without
    /// the time waited for tenants that did not answer.
    async fn pass(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let tenants = self.database.tenants().await?;
        let is_there = |name: &String| tenants.iter().any(|tenant| tenant.name == *name);
        self.asked.retain(|name, asked| {
            let is_there = is_there(name);
            if !is_there {
                asked.abort();
            }
            is_there
        });
        self.tenants.retain(|name, served| {
            let is_there = is_there(name);
            if !is_there {
                served.stop(|_| true);
            }
            is_there
        });
        let mut in_vain = Duration::ZERO;
        for tenant in &tenants {
            if *self.closing.borrow() {
                break;
            }
            let asked = Instant::now();
            match self.look_at(tenant).await {
                Ok(true) => {}
                Ok(false) => in_vain += asked.elapsed(),
                Err(error) => tracing::warn!(tenant = tenant.name, "webhooks: {error:#}"),
            }
        }
        Ok(started.elapsed().saturating_sub(in_vain))
    }

    /// Asks a tenant, unless an earlier pass has asked it. Returns whether it has answered.
    async fn look_at(&mut self, tenant: &Tenant) -> anyhow::Result<bool> {
        let (mut asked, patience) = match self.asked.remove(&tenant.name) {
            Some(asked) => (asked, Duration::ZERO),
            None => (tokio::spawn(self.ask(tenant.clone())), PATIENCE),
        };
        let Ok(answer) = timeout(patience, &mut asked).await else {
            self.asked.insert(tenant.name.clone(), asked);
            return Ok(false);
        };
        if let Some(answer) = answer??
            && answer.seen.0 == tenant.created
        {
            self.serve(&tenant.name, answer);
        }
        Ok(true)
    }

    /// Returns a tenant's webhooks, registered; `None` if it has no new events.
    fn ask(&self, tenant: Tenant) -> impl Future<Output = anyhow::Result<Option<Answer>>> + use<> {
        let (plugin, database) = (Arc::clone(&self.plugin), Arc::clone(&self.database));
        let whole = self.tenants.get(&tenant.name).filter(|served| served.is_whole());
        let before = whole.map(|served| served.seen);
        async move {
            let Some(store) = database.open(&tenant.name).await? else {
                return Ok(None);
            };
            let seen = (tenant.created, store.head().await.map_err(register::failed)?);
            if before == Some(seen) {
                return Ok(None);
            }
            let admin = plugin.admin(store.clone()).named(&tenant.name);
            let webhooks = match admin.webhooks().await {
                // The tenant has no profile yet.
                Err(AdminError::NotFound) => Vec::new(),
                webhooks => webhooks?,
            };
            let webhooks = register::prepare(&tenant.name, &*store, webhooks, &seen.1).await?;
            Ok(Some(Answer { seen, store, webhooks }))
        }
    }

    fn serve(&mut self, name: &str, answer: Answer) {
        let Answer { seen, store, webhooks } = answer;
        let served = self
            .tenants
            .entry(name.to_owned())
            .or_insert(Served { seen, workers: BTreeMap::new() });
        let is_new_tenant = served.seen.0 != seen.0;
        served.seen = seen;
        served.stop(|webhook| is_new_tenant || !webhooks.contains(webhook));
        served.workers.retain(|_, (_, worker)| !worker.is_finished());
        for webhook in webhooks {
            let worker = Worker {
                tenant: name.to_owned(),
                webhook: webhook.clone(),
                store: Arc::clone(&store),
                notifier: self.notifier.clone(),
                sender: Arc::clone(&self.sender),
                owner: self.owner.clone(),
                closing: self.closing.clone(),
            };
            served
                .workers
                .entry(webhook.url.clone())
                .or_insert_with(|| (webhook, tokio::spawn(worker.run())));
        }
    }
}

impl Served {
    /// Whether all workers are running. One may have ended through a bug, or because its webhook
    /// was removed and added again between two passes, while another host deleted its state.
    fn is_whole(&self) -> bool {
        self.workers.values().all(|(_, worker)| !worker.is_finished())
    }

    /// Stops the workers of the webhooks that are `gone`. Their leases expire.
    fn stop(&mut self, gone: impl Fn(&Webhook) -> bool) {
        self.workers.retain(|_, (webhook, worker)| {
            if gone(webhook) {
                worker.abort();
            }
            !gone(webhook)
        });
    }
}
