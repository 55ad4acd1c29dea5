//! Wakes followers when this process has committed events. Other processes over the same database
//! may commit too, so whoever waits also looks from time to time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::store::{Committed, Rejection, Store, StoreDecorator, Write};

/// How long events of other processes may go unnoticed.
pub const POLL: Duration = Duration::from_millis(500);

/// One for a process. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct CommitNotifier {
    /// Of the tenants that somebody waits for.
    subscribers: Arc<Mutex<BTreeMap<String, watch::Sender<()>>>>,
}

impl CommitNotifier {
    /// The same store, which rings when a commit with events has succeeded.
    #[must_use]
    pub fn wrap(&self, tenant: &str, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(NotifyingStore {
            notifier: self.clone(),
            tenant: tenant.to_owned(),
            store,
        })
    }

    /// Somebody who waits for the events of a tenant.
    pub(crate) fn subscribe(&self, tenant: &str) -> Subscription {
        let mut ropes = self.subscribers();
        ropes.retain(|_, rope| rope.receiver_count() > 0);
        let rope = ropes
            .entry(tenant.to_owned())
            .or_insert_with(|| watch::channel(()).0);
        Subscription(rope.subscribe())
    }

    fn notify(&self, tenant: &str) {
        if let Some(rope) = self.subscribers().get(tenant) {
            rope.send_replace(());
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for events of one tenant.
pub(crate) struct Subscription(watch::Receiver<()>);

impl Subscription {
    /// Returns when there may be events that were not there at the call before. Safe to cancel.
    pub(crate) async fn wait(&mut self) {
        drop(timeout(POLL, self.0.changed()).await);
    }
}

/// A store whose commits ring.
struct NotifyingStore {
    notifier: CommitNotifier,
    tenant: String,
    store: Arc<dyn Store>,
}

#[async_trait]
impl StoreDecorator for NotifyingStore {
    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    fn wrap(&self, store: Arc<dyn Store>) -> Self {
        Self {
            notifier: self.notifier.clone(),
            tenant: self.tenant.clone(),
            store,
        }
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        let appends = writes.iter().any(|w| matches!(w, Write::Append(_)));
        let done = self.store.commit(at, actor, writes).await?;
        if appends {
            self.notifier.notify(&self.tenant);
        }
        Ok(done)
    }
}
