//! Wakes followers of a feed when this process has committed events. Other processes may commit to
//! the same database, so followers also poll.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::store::{Committed, Rejection, Store, StoreDecorator, TenantStorage, Write};

/// How long events of other processes may go unnoticed.
pub const POLL: Duration = Duration::from_millis(500);

/// Notifies followers of commits; one for each process. Clones share their subscribers.
#[derive(Clone, Debug, Default)]
pub struct CommitNotifier {
    /// Senders by tenant, for tenants with subscribers.
    subscribers: Arc<Mutex<BTreeMap<String, watch::Sender<()>>>>,
}

impl CommitNotifier {
    /// Wraps a store: each of its successful commits with events notifies the tenant's subscribers.
    #[must_use]
    pub fn wrap(&self, tenant: &str, store: Arc<dyn TenantStorage>) -> Arc<dyn TenantStorage> {
        Arc::new(NotifyingStore { notifier: self.clone(), tenant: tenant.to_owned(), store })
    }

    /// Subscribes to a tenant's events.
    pub(crate) fn subscribe(&self, tenant: &str) -> Subscription {
        let mut subscribers = self.subscribers();
        subscribers.retain(|_, sender| sender.receiver_count() > 0);
        let sender = subscribers.entry(tenant.to_owned()).or_insert_with(|| watch::channel(()).0);
        Subscription(sender.subscribe())
    }

    fn notify(&self, tenant: &str) {
        if let Some(sender) = self.subscribers().get(tenant) {
            sender.send_replace(());
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscription to the events of one tenant.
pub(crate) struct Subscription(watch::Receiver<()>);

impl Subscription {
    /// Waits until there may be events that did not exist at the previous call. Cancel-safe.
    pub(crate) async fn wait(&mut self) {
        drop(timeout(POLL, self.0.changed()).await);
    }
}

/// A store whose commits notify subscribers.
struct NotifyingStore<S: ?Sized> {
    notifier: CommitNotifier,
    tenant: String,
    store: Arc<S>,
}

#[async_trait]
impl<S: Store + ?Sized> StoreDecorator for NotifyingStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    fn wrap(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        let (notifier, tenant) = (self.notifier.clone(), self.tenant.clone());
        Arc::new(NotifyingStore { notifier, tenant, store })
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
