//! What is due in tenants without a request: notices of credentials that will expire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scimlet::Plugin;
use scimlet::plugin::AdminError;
use scimlet::store::{Database, DatabaseError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::time::now;

/// How long after a call the next one is, at the latest. A new tenant waits for as long too.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// How long at the earliest.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long after a failure.
const AGAIN: Duration = Duration::from_secs(60);

/// Looks after all tenants of a database until it is dropped.
pub(super) struct Maintenance(JoinHandle<()>);

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins at once.
pub(super) fn start(plugin: &Arc<Plugin>, database: &Arc<dyn Database>) -> Maintenance {
    let mut round = Round {
        plugin: Arc::clone(plugin),
        database: Arc::clone(database),
        due: BTreeMap::new(),
    };
    Maintenance(tokio::spawn(async move {
        loop {
            let pause = round.run().await.unwrap_or_else(|error| {
                tracing::warn!("tenants were not looked after: {error}");
                AGAIN
            });
            sleep(pause).await;
        }
    }))
}

struct Round {
    plugin: Arc<Plugin>,
    database: Arc<dyn Database>,
    /// When each tenant wants to be called again, in milliseconds since 1970.
    due: BTreeMap<String, u64>,
}

impl Round {
    /// Calls those for which it is time; how long nothing is to be done then.
    async fn run(&mut self) -> Result<Duration, DatabaseError> {
        let begun = now();
        let mut due = BTreeMap::new();
        for tenant in self.database.tenants().await? {
            let next = match self.due.get(&tenant.name) {
                Some(next) if *next > begun => *next,
                _ => self.maintain(&tenant.name).await,
            };
            due.insert(tenant.name, next);
        }
        self.due = due;
        let next = self.due.values().min().copied();
        let pause = next.map_or(LONGEST, |next| {
            Duration::from_millis(next.saturating_sub(now()))
        });
        Ok(pause.clamp(SHORTEST, LONGEST))
    }

    /// Calls one; when to call it again.
    async fn maintain(&self, tenant: &str) -> u64 {
        let called = self.call(tenant).await;
        let wanted = called.unwrap_or_else(|error| {
            tracing::warn!(tenant, "the tenant was not looked after: {error:#}");
            Some(later(AGAIN))
        });
        let latest = later(LONGEST);
        wanted.map_or(latest, |wanted| wanted.min(latest))
    }

    async fn call(&self, tenant: &str) -> anyhow::Result<Option<u64>> {
        let Some(store) = self.database.open(tenant).await? else {
            return Ok(None);
        };
        match self.plugin.admin(store).named(tenant).maintain().await {
            // It has no profile yet.
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
    use scimlet::store::Store;
    use scimlet::store::sqlite::Sqlite;

    use super::super::context::small_plugin;
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    /// A tenant whose credentials are announced 14 days before they expire, and the time until it is to be called again.
    async fn looked_after(lifetime: u64) -> (Round, Arc<dyn Store>, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Sqlite::open(folder.path().join("test.db")).unwrap());
        database.create_tenant("acme", 0).await.unwrap();
        // One that was left half made is in nobody's way.
        database.create_tenant("bare", 0).await.unwrap();
        let store = database.open("acme").await.unwrap().unwrap();
        let mut round = Round {
            plugin: Arc::new(small_plugin().unwrap()),
            database,
            due: BTreeMap::new(),
        };
        let admin = round.plugin.admin(Arc::clone(&store));
        admin
            .configure(r#"{"extends":"default"}"#, None)
            .await
            .unwrap();
        let request = CredentialRequest {
            lifetime_seconds: Some(lifetime),
            ..CredentialRequest::bearer("acme", "soon")
        };
        admin.issue_credential(&request).await.unwrap();
        let pause = round.run().await.unwrap();
        (round, store, pause)
    }

    async fn notices(store: &Arc<dyn Store>) -> usize {
        let events = store.events(0, 1000).await.unwrap();
        let said = |name: &str| name.contains("credential-expiring");
        events
            .iter()
            .filter(|event| said(&event.event.name))
            .count()
    }

    #[tokio::test]
    async fn what_is_due_is_done_once() {
        let (mut round, store, pause) = looked_after(DAY).await;
        assert_eq!(notices(&store).await, 1);
        assert!(pause <= LONGEST && pause + SHORTEST > LONGEST, "{pause:?}");
        round.due.clear();
        round.run().await.unwrap();
        assert_eq!(notices(&store).await, 1);
    }

    #[tokio::test]
    async fn what_is_due_soon_is_waited_for() {
        let (_, store, pause) = looked_after(14 * DAY + 30).await;
        assert_eq!(notices(&store).await, 0);
        assert!(
            pause > SHORTEST && pause <= Duration::from_secs(30),
            "{pause:?}"
        );
    }
}
