//! The component, ready to run: every request gets a fresh instance, or one that its tenant used
//! before, bound to one tenant and with its limits armed.

mod admin;
mod cache;
mod clock;
mod convert;
mod engine;
mod entry_locks;
mod error;
pub mod journal;
pub mod limits;
mod options;
mod pool;
mod preinit;
pub mod random;
mod session;
mod state;
mod store;

use std::sync::Arc;

use tokio::sync::watch;
use wasmtime::component::{Component, Linker};

pub use self::admin::{
    Admin, AdminError, Assignment, Credential, CredentialRequest, IdentityProvider, Imported,
    Issued, Reference, Webhook,
};
use self::entry_locks::EntryLocks;
pub use self::error::{Cause, LoadError, PluginError, WasmError};
pub use self::limits::Limits;
pub use self::options::PluginOptions;
use self::pool::InstancePool;
pub use self::pool::PoolOptions;
use self::session::Session;
pub(crate) use self::session::fresh_id;
use self::state::State;
use crate::EmptyStore;
use crate::bindings::PluginPre;
use crate::cpu_scheduler::CpuScheduler;
use crate::fair_semaphore::FairSemaphore;
use crate::http::{Admitted, Origin, Request, Response};
use crate::store::{Store, StoreId};

/// The compiled component with everything its instances use. Serves any number of tenants at the
/// same time.
///
/// ```
/// use scimlet::http::{Caller, Origin, Request};
/// use scimlet::store::{Database as _, memory::Memory};
/// use scimlet::{Plugin, PluginOptions};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plugin = Plugin::new(PluginOptions::default())?;
/// let database = Memory::exact();
/// database.create_tenant("acme", 0).await?;
/// let store = database.open("acme").await?.ok_or("no such tenant")?;
/// plugin.admin(store.clone()).configure(r#"{"extends": "default"}"#, None).await?;
///
/// let origin = Origin::new("acme", "https://scim.example.com/acme");
/// let origin = origin.with_caller(Caller::client("gateway"));
/// let response = plugin.handle(store, origin, Request::new("GET", "/Users")).await?;
/// assert_eq!(response.status, 200);
/// # Ok(())
/// # }
/// ```
pub struct Plugin {
    guest: PluginPre<State>,
    instances: Arc<FairSemaphore<Option<StoreId>>>,
    /// Permits for instances that need much memory.
    large: Arc<FairSemaphore<Option<StoreId>>>,
    pool: Option<Arc<InstancePool<Session>>>,
    entry_locks: Arc<EntryLocks>,
    processors: Arc<CpuScheduler>,
    options: PluginOptions,
}

impl Plugin {
    /// Prepares and compiles the component, or loads the compiled code from the cache. Blocks
    /// meanwhile.
    ///
    /// # Errors
    /// [`LoadError`] if this is not a component with the interface in `wit/`, or imports anything
    /// else.
    pub fn new(options: PluginOptions) -> Result<Self, LoadError> {
        let concurrency = options.limits.concurrency as usize;
        let guest = load(&options).map_err(|error| LoadError(WasmError::new(error)))?;
        let pool = options.pool.map(|pool| {
            InstancePool::new(PoolOptions { total: pool.total.min(concurrency / 2), ..pool })
        });
        Ok(Self {
            guest,
            instances: FairSemaphore::new(concurrency),
            large: FairSemaphore::new(options.limits.large as usize),
            pool,
            entry_locks: Arc::default(),
            processors: CpuScheduler::all(),
            options,
        })
    }

    /// Answers a request of the tenant whose store this is and whom `origin` names.
    ///
    /// # Errors
    /// [`PluginError`] if the guest trapped or exceeded a limit. What it had committed stands.
    pub async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
    ) -> Result<Response, PluginError> {
        self.answer(store, origin, request, None).await
    }

    /// Answers a request as [`Plugin::handle`] does, but cancels its reads when `gone` becomes true
    /// because the client no longer waits. Commits are never cancelled.
    ///
    /// # Errors
    /// The errors of [`Plugin::handle`].
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
        let response = guest.scimlet_plugin_provider().call_handle(store, &origin, &request).await;
        let response = session.close(response)?;
        session.check_size(&response)?;
        self.keep(session);
        Ok(response)
    }

    /// Authenticates a client of the tenant by its headers. If `scope` is given, also checks that
    /// the client may do what the scope names. Returns the client, or the response to send.
    ///
    /// # Errors
    /// The errors of [`Plugin::handle`].
    pub async fn authorize(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        headers: &[(String, String)],
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        let mut session = self.pooled_or_fresh(store, &origin.tenant).await?;
        let (guest, store) = session.parts();
        let answer =
            guest.scimlet_plugin_provider().call_authorize(store, &origin, headers, scope).await;
        let answer = session.close(answer)?;
        self.keep(session);
        Ok(answer)
    }

    /// Returns the tenant that the Authorization header claims, unverified; `None` if it claims
    /// none.
    ///
    /// # Errors
    /// The errors of [`Plugin::handle`].
    pub async fn tenant_of(
        &self,
        headers: &[(String, String)],
    ) -> Result<Option<String>, PluginError> {
        let mut session = self.session(Arc::new(EmptyStore), "").await?;
        let (guest, store) = session.parts();
        let tenant = guest.scimlet_plugin_provider().call_tenant_of(store, headers).await;
        session.close(tenant)
    }

    /// Returns the administrative functions for the tenant whose store this is.
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
