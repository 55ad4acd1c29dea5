//! A host in this process, with a clock that a trial sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use scimlet::clock::Clock;
use scimlet::http::{Caller, Principal};
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Call, DEFAULT, Endpoint, InProcess, TENANT};
use serde_json::Value;

/// Milliseconds of an hour.
pub const HOUR: u64 = 3_600_000;

/// Milliseconds since 1970.
#[derive(Default)]
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A host of a tenant.
pub struct Host {
    plugin: Arc<Plugin>,
    /// The tenant's store.
    pub store: Arc<dyn TenantStorage>,
    clock: Arc<Set>,
}

impl Host {
    /// A host of a tenant that is there, which it sets up.
    pub async fn new(database: &dyn Database) -> anyhow::Result<Self> {
        let clock = Arc::new(Set::default());
        let options = PluginOptions::default().with_clock(clock.clone());
        let plugin = Arc::new(Plugin::new(options)?);
        let store = database.open(TENANT).await?.context("no tenant")?;
        plugin.admin(store.clone()).configure(DEFAULT, None).await?;
        Ok(Self { plugin, store, clock })
    }

    /// Sets the clock.
    pub fn set(&self, milliseconds: u64) {
        self.clock.0.store(milliseconds, Ordering::Relaxed);
    }

    /// The answer to a client that the host knows, which must have this status.
    pub async fn ask(
        &self,
        (method, target, body): (&str, &str, &Value),
        status: u16,
    ) -> anyhow::Result<Value> {
        let name = "test".to_owned();
        let endpoint = InProcess {
            provider: self.plugin.clone(),
            store: self.store.clone(),
            secret: String::new(),
            caller: Caller::Client(Principal { name }),
        };
        let headers = [("content-type", "application/scim+json")];
        let call = Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
            body: match body {
                Value::Null => String::new(),
                body => body.to_string(),
            },
        };
        endpoint.send(call).await?.expect(status)
    }
}
