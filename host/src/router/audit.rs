//! The host's part of a tenant's audit log. Refusals of unknown credentials are counted and written
//! as one event per minute, so that a flood of them does not write per request. Requests for
//! tenants that do not exist are not recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::clock::now;
use crate::plugin::PluginError;
use crate::store::{Database, Store, host_event};

/// How long refusals are counted before they are written.
const INTERVAL: Duration = Duration::from_secs(60);

/// Records refused credentials and traps in the audit logs of tenants; one for each process.
pub struct Audit {
    database: Arc<dyn Database>,
    /// Counts by tenant.
    refusals: Mutex<BTreeMap<String, Refusals>>,
}

/// Refusals that are not written yet; times are in milliseconds since 1970.
#[derive(Clone, Copy)]
struct Refusals {
    count: u64,
    from: u64,
    to: u64,
}

impl Audit {
    /// Starts with no refusals.
    pub(super) fn new(database: Arc<dyn Database>) -> Self {
        Self { database, refusals: Mutex::default() }
    }

    /// Records how a request of an existing tenant ended: with this status, or with an error.
    pub(super) async fn observe(
        &self,
        tenant: &str,
        store: &dyn Store,
        outcome: Result<u16, &PluginError>,
    ) {
        match outcome {
            Ok(401) => self.add(tenant, Refusals::now()),
            Ok(_) => {}
            Err(fault) if fault.is_passing() => {}
            Err(fault) => {
                let data = json!({ "incident": fault.request.to_string() });
                if let Err(rejection) = host_event::append(store, now(), "trap", &data).await {
                    tracing::error!(tenant, "a trap is not in the audit: {rejection:?}");
                }
            }
        }
    }

    /// Writes the counts every minute; never returns.
    pub async fn keep_writing(&self) {
        loop {
            sleep(INTERVAL).await;
            self.write().await;
        }
    }

    /// Writes the refusals counted so far. A server calls this as its last step.
    pub async fn write(&self) {
        let counted = std::mem::take(&mut *self.refusals());
        for (tenant, refusals) in counted {
            let written = self.write_one(&tenant, refusals).await;
            if let Err(why) = written {
                tracing::error!(tenant, "refusals are not in the audit yet: {why}");
                self.add(&tenant, refusals);
            }
        }
    }

    async fn write_one(&self, tenant: &str, refusals: Refusals) -> Result<(), String> {
        let opened = self.database.open(tenant).await;
        let Some(store) = opened.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let Refusals { count, from, to } = refusals;
        let data = json!({"count": count, "from": seconds(from), "to": seconds(to)});
        let appended = host_event::append(&*store, now(), "refusals", &data).await;
        appended.map_err(|rejection| format!("{rejection:?}"))
    }

    fn add(&self, tenant: &str, more: Refusals) {
        let mut refusals = self.refusals();
        let all = refusals.entry(tenant.to_owned()).or_insert(Refusals { count: 0, ..more });
        all.count = all.count.saturating_add(more.count);
        all.from = all.from.min(more.from);
        all.to = all.to.max(more.to);
    }

    fn refusals(&self) -> MutexGuard<'_, BTreeMap<String, Refusals>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusals {
    fn now() -> Self {
        let now = now();
        Self { count: 1, from: now, to: now }
    }
}

fn seconds(milliseconds: u64) -> u64 {
    milliseconds / 1000
}
