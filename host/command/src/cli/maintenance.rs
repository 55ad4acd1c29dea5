//! Maintenance of tenants that no request triggers: notices of credentials that will expire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scimlet::Plugin;
use scimlet::plugin::AdminError;
use scimlet::store::{Database, DatabaseError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::time::now;

/// The longest interval between two calls for a tenant, and the longest wait of a new tenant.
const MAX_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// The shortest interval.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The interval after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Runs maintenance for all tenants of a database until it is dropped.
pub(super) struct Maintenance(JoinHandle<()>);

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts maintenance.
pub(super) fn start(plugin: &Arc<Plugin>, database: &Arc<dyn Database>) -> Maintenance {
    let mut round =
        Round { plugin: Arc::clone(plugin), database: Arc::clone(database), due: BTreeMap::new() };
    Maintenance(tokio::spawn(async move {
        loop {
            let pause = round.run().await.unwrap_or_else(|error| {
                tracing::warn!("tenant maintenance failed: {error}");
                RETRY_INTERVAL
            });
            sleep(pause).await;
        }
    }))
}

struct Round {
    plugin: Arc<Plugin>,
    database: Arc<dyn Database>,
    /// When each tenant is to be called next, in milliseconds since 1970.
    due: BTreeMap<String, u64>,
}

impl Round {
    /// Runs the maintenance that is due. Returns the time until the next one.
    async fn run(&mut self) -> Result<Duration, DatabaseError> {
        let started = now();
        let mut due = BTreeMap::new();
        for tenant in self.database.tenants().await? {
            let next = match self.due.get(&tenant.name) {
                Some(next) if *next > started => *next,
                _ => self.maintain(&tenant.name).await,
            };
            due.insert(tenant.name, next);
        }
        self.due = due;
        let next = self.due.values().min().copied();
        let pause =
            next.map_or(MAX_INTERVAL, |next| Duration::from_millis(next.saturating_sub(now())));
        Ok(pause.clamp(MIN_INTERVAL, MAX_INTERVAL))
    }

    /// Runs a tenant's maintenance. Returns when to run it again, in milliseconds since 1970.
    async fn maintain(&self, tenant: &str) -> u64 {
        let called = self.call(tenant).await;
        let wanted = called.unwrap_or_else(|error| {
            tracing::warn!(tenant, "tenant maintenance failed: {error:#}");
            Some(later(RETRY_INTERVAL))
        });
        let latest = later(MAX_INTERVAL);
        wanted.map_or(latest, |wanted| wanted.min(latest))
    }

    async fn call(&self, tenant: &str) -> anyhow::Result<Option<u64>> {
        let Some(store) = self.database.open(tenant).await? else {
            return Ok(None);
        };
        match self.plugin.admin(store).named(tenant).maintain().await {
            // The tenant has no profile yet.
            Err(AdminError::Refused(_)) => Ok(None),
            called => Ok(called?),
        }
    }
}

fn later(pause: Duration) -> u64 {
    now().saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use scimlet::plugin::CredentialRequest;
    use scimlet::store::TenantStorage;
    use scimlet::store::sqlite::Sqlite;

    use super::super::context::small_plugin;
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    /// Returns a tenant whose credentials are announced 14 days before they expire, and the time
    /// until its next maintenance.
    async fn maintained(lifetime: u64) -> (Round, Arc<dyn TenantStorage>, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Sqlite::open(folder.path().join("test.db")).unwrap());
        database.create_tenant("acme", 0).await.unwrap();
        // A tenant without a profile must not stop the maintenance of others.
        database.create_tenant("bare", 0).await.unwrap();
        let store = database.open("acme").await.unwrap().unwrap();
        let mut round =
            Round { plugin: Arc::new(small_plugin().unwrap()), database, due: BTreeMap::new() };
        let admin = round.plugin.admin(store.clone());
        admin.configure(r#"{"extends":"default"}"#, None).await.unwrap();
        let request = CredentialRequest {
            lifetime_seconds: Some(lifetime),
            ..CredentialRequest::bearer("acme", "soon")
        };
        admin.issue_credential(&request).await.unwrap();
        let pause = round.run().await.unwrap();
        (round, store, pause)
    }

    async fn notices(store: &Arc<dyn TenantStorage>) -> usize {
        let events = store.events(0, 1000).await.unwrap();
        let said = |name: &str| name.contains("credential-expiring");
        events.iter().filter(|event| said(&event.event.name)).count()
    }

    #[tokio::test]
    async fn what_is_due_is_done_once() {
        let (mut round, store, pause) = maintained(DAY).await;
        assert_eq!(notices(&store).await, 1);
        assert!(pause <= MAX_INTERVAL && pause + MIN_INTERVAL > MAX_INTERVAL, "{pause:?}");
        round.due.clear();
        round.run().await.unwrap();
        assert_eq!(notices(&store).await, 1);
    }

    #[tokio::test]
    async fn what_is_due_soon_is_waited_for() {
        let (_, store, pause) = maintained(14 * DAY + 30).await;
        assert_eq!(notices(&store).await, 0);
        assert!(pause > MIN_INTERVAL && pause <= Duration::from_secs(30), "{pause:?}");
    }
}
