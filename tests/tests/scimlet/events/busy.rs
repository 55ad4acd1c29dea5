//! A tenant that does not answer delays no other's webhooks.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use libtest_mimic::Trial;
use scimlet::feed::CommitNotifier;
use scimlet::store::memory::Memory;
use scimlet::store::{
    Channel, Database, DatabaseError, Entry, Event, Key, Refusal, Store, StoreDecorator, Tenant,
    TenantStorage, Write,
};
use scimlet::webhook::{Dispatcher, Egress};
use scimlet::{Plugin, PluginOptions};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::receiver::Receiver;
use super::since::refused;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![trial("events::webhook::who_does_not_answer_delays_no_other_tenant", unanswered)]
}

/// The tenant that does not answer. It comes first in each pass.
const BUSY: &str = "busy";
const CALM: &str = "calm";

/// A database in which reads of the tenant [`BUSY`] wait until the semaphore is closed.
struct Gated {
    memory: Memory,
    gate: Arc<Semaphore>,
}

struct GatedStore<S: ?Sized> {
    inner: Arc<S>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl<S: Store + ?Sized> StoreDecorator for GatedStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(GatedStore { inner, gate: Arc::clone(&self.gate) })
    }

    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        // An error means that the semaphore is closed.
        drop(self.gate.acquire().await);
        self.inner.get(keys).await
    }
}

#[async_trait]
impl Database for Gated {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        self.memory.create_tenant(name, at).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        self.memory.tenants().await
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        self.memory.delete_tenant(name).await
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        let store = self.memory.open(name).await?;
        let gated = |inner| Arc::new(GatedStore { inner, gate: Arc::clone(&self.gate) }) as _;
        Ok(if name == BUSY { store.map(gated) } else { store })
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        self.memory.newest_event().await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        self.memory.setting(name).await
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        self.memory.set_setting(name, value).await
    }
}

/// Changes the tenants without waiting.
struct Product {
    plugin: Arc<Plugin>,
    memory: Memory,
}

impl Product {
    async fn store(&self, tenant: &str) -> anyhow::Result<Arc<dyn TenantStorage>> {
        self.memory.open(tenant).await?.context("no tenant")
    }

    async fn configure(&self, tenant: &str, receivers: &[&Receiver]) -> anyhow::Result<()> {
        let webhooks: Vec<_> = receivers.iter().map(|receiver| receiver.webhook()).collect();
        let profile = json!({"extends": "default", "webhooks": webhooks}).to_string();
        self.plugin.admin(self.store(tenant).await?).configure(&profile, None).await?;
        Ok(())
    }

    async fn event(&self, tenant: &str) -> anyhow::Result<()> {
        let event = Event {
            channel: Channel::Feed,
            name: "tested".to_owned(),
            subject: None,
            body: "{}".to_owned(),
        };
        let commit = self.store(tenant).await?;
        let commit = commit.commit(0, "test".to_owned(), vec![Write::Append(event)]).await;
        commit.map(drop).map_err(refused)
    }
}

async fn unanswered() -> anyhow::Result<()> {
    let receiver = async || Receiver::start(|_| 200).await;
    let (busy, calm, late) = (receiver().await?, receiver().await?, receiver().await?);
    let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
    let product = Product { plugin: Arc::clone(&plugin), memory: Memory::exact() };
    for (tenant, receiver) in [(BUSY, &busy), (CALM, &calm)] {
        product.memory.create_tenant(tenant, 0).await?;
        product.configure(tenant, &[receiver]).await?;
        product.event(tenant).await?;
    }
    let gate = Arc::new(Semaphore::new(0));
    let database = Gated { memory: product.memory.clone(), gate: Arc::clone(&gate) };
    let egress = Egress::allowing(vec!["127.0.0.0/8".parse()?]);
    let (close, closing) = watch::channel(false);
    let notifier = CommitNotifier::default();
    let dispatcher = Dispatcher::new(plugin, Arc::new(database), notifier, egress, closing);
    let dispatcher = tokio::spawn(dispatcher.run());
    calm.when(|received| received.len() == 1).await?;
    // Later passes do not wait either.
    product.configure(CALM, &[&calm, &late]).await?;
    product.event(CALM).await?;
    late.when(|received| received.len() == 1).await?;
    // The tenant that did not answer has lost nothing.
    gate.close();
    busy.when(|received| received.len() == 1).await?;
    close.send_replace(true);
    Ok(dispatcher.await?)
}
