//! The component, ready to run: a fresh instance for every request, or one that its tenant used
//! before, bound to one tenant, its limits armed before it runs.

mod admin;
mod cache;
pub mod clock;
mod engine;
mod entry_locks;
mod error;
pub mod journal;
pub mod limits;
mod pool;
mod preinit;
pub mod random;
mod session;
mod state;
mod store;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use wasmtime::component::{Component, Linker};

pub use self::admin::{
    Admin, AdminError, Assignment, Credential, CredentialRequest, IdentityProvider, Imported,
    Issued, Reference, Webhook,
};
use self::clock::{Clock, SystemClock};
use self::entry_locks::EntryLocks;
pub use self::error::{Cause, LoadError, PluginError};
use self::journal::{Journal, TracingJournal};
pub use self::limits::Limits;
use self::pool::InstancePool;
pub use self::pool::PoolOptions;
use self::random::{OsRandom, Random};
use self::session::Session;
pub(crate) use self::session::fresh_id;
use self::state::State;
use crate::bindings::PluginPre;
use crate::cpu_scheduler::CpuScheduler;
use crate::fair_semaphore::FairSemaphore;
use crate::http::{Admitted, Origin, Request, Response};
use crate::store::{Store, StoreId};
use crate::{COMPONENT, EmptyStore};

/// What a [`Plugin`] is made from; the defaults are for production.
#[derive(Clone)]
pub struct PluginOptions {
    /// The component's bytes.
    pub component: Cow<'static, [u8]>,
    /// What each request may use.
    pub limits: Limits,
    /// The folder where compiled code is kept for the next start; `None` compiles at each. It is
    /// made if need be, for its owner alone; one that others may write in is not used, for whoever
    /// puts code there has it run.
    pub cache: Option<PathBuf>,
    /// Whether instances are kept for further requests of the same tenant; `None` makes a fresh one
    /// for each.
    pub pool: Option<PoolOptions>,
    /// Where guests read the time.
    pub clock: Arc<dyn Clock>,
    /// Where guests get random bytes.
    pub random: Arc<dyn Random>,
    /// Where guests' notes go.
    pub journal: Arc<dyn Journal>,
}

impl Default for PluginOptions {
    fn default() -> Self {
        Self {
            component: COMPONENT.into(),
            limits: Limits::default(),
            cache: cache::default_folder(),
            pool: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            journal: Arc::new(TracingJournal),
        }
    }
}

/// The compiled component and what its instances get. Serves any number of tenants at once.
pub struct Plugin {
    guest: PluginPre<State>,
    instances: Arc<FairSemaphore<Option<StoreId>>>,
    /// For instances that need much memory.
    large: Arc<FairSemaphore<Option<StoreId>>>,
    pool: Option<Arc<InstancePool<Session>>>,
    entry_locks: Arc<EntryLocks>,
    processors: Arc<CpuScheduler>,
    options: PluginOptions,
}

impl Plugin {
    /// Prepares the component and compiles it, or takes it compiled from the cache. Blocks for as
    /// long.
    ///
    /// # Errors
    /// If it is no component of this contract, or imports anything that the contract does not name.
    pub fn new(options: PluginOptions) -> Result<Self, LoadError> {
        let permits = options.limits.concurrency as usize;
        let guest = load(&options).map_err(LoadError)?;
        let kept = options.pool.map(|reuse| {
            InstancePool::new(PoolOptions {
                total: reuse.total.min(permits / 2),
                ..reuse
            })
        });
        Ok(Self {
            guest,
            instances: FairSemaphore::new(permits),
            large: FairSemaphore::new(options.limits.large as usize),
            pool: kept,
            entry_locks: Arc::default(),
            processors: CpuScheduler::all(),
            options,
        })
    }

    /// Answers a request of the tenant that the store belongs to and the origin names.
    ///
    /// # Errors
    /// If the guest trapped or passed a limit. What it had committed stands.
    pub async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
    ) -> Result<Response, PluginError> {
        self.answer(store, origin, request, None).await
    }

    /// As [`Plugin::handle`]; its reads end when `gone` becomes true, since nobody waits for the
    /// answer any more. What it commits happens in any case.
    ///
    /// # Errors
    /// As for [`Plugin::handle`].
    pub async fn handle_while(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        self.answer(store, origin, request, Some(gone)).await
    }

    async fn answer(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        gone: Option<watch::Receiver<bool>>,
    ) -> Result<Response, PluginError> {
        let mut session = self.pooled_or_fresh(store, &origin.tenant).await?;
        let (guest, store) = session.parts();
        store.data_mut().gone = gone;
        let response = guest
            .scimlet_plugin_provider()
            .call_handle(store, &origin, &request)
            .await;
        let response = session.close(response)?;
        session.check_size(&response)?;
        self.keep(session);
        Ok(response)
    }

    /// Who asks, if the headers are those of a client of the tenant that, where a scope is named,
    /// may do what that names; else the answer to send.
    ///
    /// # Errors
    /// As for [`Plugin::handle`].
    pub async fn authorize(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        headers: &[(String, String)],
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        let mut session = self.pooled_or_fresh(store, &origin.tenant).await?;
        let (guest, store) = session.parts();
        let answer = guest
            .scimlet_plugin_provider()
            .call_authorize(store, &origin, headers, scope)
            .await;
        let answer = session.close(answer)?;
        self.keep(session);
        Ok(answer)
    }

    /// The tenant that the Authorization header claims, unverified.
    ///
    /// # Errors
    /// As for [`Plugin::handle`].
    pub async fn tenant_of(
        &self,
        headers: &[(String, String)],
    ) -> Result<Option<String>, PluginError> {
        let mut session = self.session(Arc::new(EmptyStore), "").await?;
        let (guest, store) = session.parts();
        let tenant = guest
            .scimlet_plugin_provider()
            .call_tenant_of(store, headers)
            .await;
        session.close(tenant)
    }

    /// What the application may do to the tenant that the store belongs to.
    pub fn admin(&self, store: Arc<dyn Store>) -> Admin<'_> {
        Admin::new(self, store)
    }
}

fn load(options: &PluginOptions) -> wasmtime::Result<PluginPre<State>> {
    let cache = options.cache.as_deref();
    let engine = engine::engine(&options.limits, cache)?;
    let image = preinit::preinitialized(&options.component, &options.limits, cache);
    let component = Component::new(&engine, &image)?;
    let mut linker = Linker::new(&engine);
    state::add_to_linker(&mut linker)?;
    PluginPre::new(linker.instantiate_pre(&component)?)
}
