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
use tokio::time::sleep;

use self::sender::Sender;
use self::worker::Worker;
use crate::Plugin;
use crate::feed::CommitNotifier;
use crate::plugin::{AdminError, Webhook, fresh_id};
use crate::store::{ChainHead, Database, Tenant, TenantStorage};

/// How long changed webhooks may go unnoticed.
const PASS: Duration = Duration::from_secs(2);

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
        }
    }

    /// Serves until closed; returns when all leases are released.
    pub async fn run(mut self) {
        while !*self.closing.borrow() {
            let started = Instant::now();
            if let Err(error) = self.pass().await {
                tracing::warn!("webhooks: {error:#}");
            }
            tokio::select! {
                () = sleep(PASS.max(started.elapsed() * SHARE)) => {}
                _ = self.closing.changed() => {}
            }
        }
        for served in self.tenants.into_values() {
            for (_, worker) in served.workers.into_values() {
                // A worker that panicked has no lease to release.
                drop(worker.await);
            }
        }
    }

    /// Reads the webhooks of every tenant that has new events.
    async fn pass(&mut self) -> anyhow::Result<()> {
        let tenants = self.database.tenants().await?;
        self.tenants.retain(|name, served| {
            let is_there = tenants.iter().any(|tenant| tenant.name == *name);
            if !is_there {
                served.stop(|_| true);
            }
            is_there
        });
        for tenant in tenants {
            if let Err(error) = self.look_at(&tenant).await {
                tracing::warn!(tenant = tenant.name, "webhooks: {error:#}");
            }
        }
        Ok(())
    }

    async fn look_at(&mut self, tenant: &Tenant) -> anyhow::Result<()> {
        let Some(store) = self.database.open(&tenant.name).await? else {
            return Ok(());
        };
        let head = store.head().await.map_err(register::failed)?;
        let seen = (tenant.created, head);
        let whole = self.tenants.get_mut(&tenant.name).filter(|served| served.is_whole());
        if whole.as_ref().is_some_and(|served| served.seen == seen) {
            return Ok(());
        }
        let admin = self.plugin.admin(store.clone()).named(&tenant.name);
        let webhooks = match admin.webhooks().await {
            // The tenant has no profile yet.
            Err(AdminError::NotFound) => Vec::new(),
            webhooks => webhooks?,
        };
        if let Some(served) = whole
            && served.seen.0 == tenant.created
            && served.serves(&webhooks)
        {
            served.seen = seen;
            return Ok(());
        }
        register::prepare(&*store, &webhooks).await?;
        self.serve(&tenant.name, seen, &store, webhooks);
        Ok(())
    }

    fn serve(
        &mut self,
        name: &str,
        seen: (u64, ChainHead),
        store: &Arc<dyn TenantStorage>,
        webhooks: Vec<Webhook>,
    ) {
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
                store: Arc::clone(store),
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

    /// Whether these are the webhooks that are served.
    fn serves(&self, webhooks: &[Webhook]) -> bool {
        let is_served =
            |webhook: &Webhook| self.workers.get(&webhook.url).is_some_and(|(w, _)| w == webhook);
        webhooks.len() == self.workers.len() && webhooks.iter().all(is_served)
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
