//! What the host adds to a tenant's audit. Refusals of unknown credentials are counted, and written together at most once a minute:
//! a flood of them writes nothing per request. What concerns no tenant that is there leaves no trace here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::plugin::PluginError;
use crate::store::{Channel, Database, Event, Rejection, Store, Write};

/// Who events name as the cause of what is written here.
const ACTOR: &str = "host";
/// How long refusals are counted before they are written.
const INTERVAL: Duration = Duration::from_secs(60);

/// One for a process.
pub struct Audit {
    database: Arc<dyn Database>,
    /// By tenant.
    refusals: Mutex<BTreeMap<String, Refusals>>,
}

/// Refusals that are not written yet; times are milliseconds since 1970.
#[derive(Clone, Copy)]
struct Refusals {
    count: u64,
    from: u64,
    to: u64,
}

impl Audit {
    /// Nothing is counted yet.
    pub(super) fn new(database: Arc<dyn Database>) -> Self {
        Self {
            database,
            refusals: Mutex::default(),
        }
    }

    /// Takes note of how a request of a tenant that is there ended: with this status, or with a fault.
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
                if let Err(rejection) = append(store, "trap", &data).await {
                    tracing::error!(tenant, "a trap is not in the audit: {rejection:?}");
                }
            }
        }
    }

    /// Writes what was counted, again and again.
    pub async fn keep_writing(&self) {
        loop {
            sleep(INTERVAL).await;
            self.write().await;
        }
    }

    /// Writes what was counted up to now. A server does it last.
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
        let appended = append(&*store, "refusals", &data).await;
        appended.map_err(|rejection| format!("{rejection:?}"))
    }

    fn add(&self, tenant: &str, more: Refusals) {
        let mut refusals = self.refusals();
        let all = refusals
            .entry(tenant.to_owned())
            .or_insert(Refusals { count: 0, ..more });
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
        Self {
            count: 1,
            from: now,
            to: now,
        }
    }
}

async fn append(store: &dyn Store, name: &str, data: &Value) -> Result<(), Rejection> {
    let event = Event {
        channel: Channel::Audit,
        name: name.to_owned(),
        subject: None,
        body: data.to_string(),
    };
    let writes = vec![Write::Append(event)];
    store
        .commit(now(), ACTOR.to_owned(), writes)
        .await
        .map(drop)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn seconds(milliseconds: u64) -> u64 {
    milliseconds / 1000
}
