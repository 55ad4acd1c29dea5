//! One instance, from its creation to its end or to its next request.

use std::sync::Arc;
use std::time::Instant;

use tokio::time::timeout_at;
use uuid::{Builder, Uuid};

use super::Plugin;
use super::entry_locks::RequestLock;
use super::error::{Cause, PluginError};
use super::journal::{Notes, Subject};
use super::limits::Meter;
use super::random::{OsRandom, Random};
use super::state::State;
use crate::EmptyStore;
use crate::bindings::Plugin as Guest;
use crate::cpu_scheduler::CpuTask;
use crate::fair_semaphore::FairPermit;
use crate::http::Response;
use crate::store::{Store, StoreId};

/// A running instance. Dropping it frees its slot in the pool. Fields drop in their order: the
/// permit goes last, so that the next holder finds a free slot.
pub(crate) struct Session {
    guest: Guest,
    store: wasmtime::Store<State>,
    tenant: Option<StoreId>,
    request: Uuid,
    response_limit: usize,
    _permit: FairPermit<Option<StoreId>>,
}

impl Plugin {
    /// Creates a fresh instance that is bound to the store, with its limits armed. Waits until a
    /// slot is free.
    pub(crate) async fn session(
        &self,
        store: Arc<dyn Store>,
        tenant: &str,
    ) -> Result<Session, PluginError> {
        let request = fresh_id();
        let tenant = tenant.to_owned();
        let deadline = Instant::now() + self.options.limits.request;
        let session = self.open(store, Subject { tenant, request }, deadline).await;
        session.map_err(|cause| PluginError { request, cause })
    }

    async fn open(
        &self,
        store: Arc<dyn Store>,
        subject: Subject,
        deadline: Instant,
    ) -> Result<Session, Cause> {
        let (request, response_limit) = (subject.request, self.options.limits.response);
        let tenant = store.id();
        let permit = self.permit(tenant, deadline).await?;
        let mut store = self.bind(self.state(store, subject, deadline));
        let computing = Arc::clone(&store.data().meter.computing);
        let started = timeout_at(deadline.into(), computing.begin()).await;
        started.map_err(|_| Cause::Busy)?;
        let guest = self.guest.instantiate_async(&mut store).await;
        let guest = guest.map_err(|error| Cause::of(error, Cause::Instantiation))?;
        Ok(Session { guest, store, tenant, request, response_limit, _permit: permit })
    }

    /// The state of an instance during one request.
    fn state(&self, store: Arc<dyn Store>, subject: Subject, deadline: Instant) -> State {
        let limits = &self.options.limits;
        let computing = CpuTask::new(Arc::clone(&self.processors), store.id());
        State {
            store: store.snapshot().unwrap_or(store),
            notes: Notes::new(Arc::clone(&self.options.journal), subject, limits),
            clock: Arc::clone(&self.options.clock),
            random: Arc::clone(&self.options.random),
            meter: Meter::new(limits, Arc::clone(&self.large), deadline, computing),
            entry_locks: Arc::clone(&self.entry_locks),
            entry_lock: RequestLock::default(),
            gone: None,
        }
    }

    /// Returns a pooled instance that this tenant used before, or else a fresh one.
    pub(crate) async fn pooled_or_fresh(
        &self,
        store: Arc<dyn Store>,
        tenant: &str,
    ) -> Result<Session, PluginError> {
        let pool = self.pool.as_ref().zip(store.id());
        let Some(mut session) = pool.and_then(|(pool, id)| pool.take(id)) else {
            return self.session(store, tenant).await;
        };
        let request = fresh_id();
        let tenant = tenant.to_owned();
        let deadline = Instant::now() + self.options.limits.request;
        let state = self.state(store, Subject { tenant, request }, deadline);
        let computing = Arc::clone(&state.meter.computing);
        session.rebind(request, state);
        let started = timeout_at(deadline.into(), computing.begin()).await;
        match started {
            Ok(()) => Ok(session),
            Err(_) => Err(session.fault(Cause::Busy)),
        }
    }

    /// Returns an instance that has answered to the pool, if there is one. Until its tenant's next
    /// request its imports reach nothing.
    pub(crate) fn keep(&self, mut session: Session) {
        let Some((pool, tenant)) = self.pool.as_ref().zip(session.tenant) else {
            return;
        };
        let state = session.store.data_mut();
        state.store = Arc::new(EmptyStore);
        state.entry_lock = RequestLock::default();
        state.gone = None;
        let memory = session.store.data().meter.grown();
        pool.put(tenant, memory, session);
    }

    /// Waits for one of the instance permits, which tenants share fairly.
    async fn permit(
        &self,
        tenant: Option<StoreId>,
        deadline: Instant,
    ) -> Result<FairPermit<Option<StoreId>>, Cause> {
        let permit = timeout_at(deadline.into(), self.instances.acquire(tenant)).await;
        permit.map_err(|_| Cause::Busy)
    }

    fn bind(&self, state: State) -> wasmtime::Store<State> {
        let mut store = wasmtime::Store::new(self.guest.engine(), state);
        store.limiter_async(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().meter.tick()?));
        store
    }
}

impl Session {
    pub(crate) fn parts(&mut self) -> (&Guest, &mut wasmtime::Store<State>) {
        (&self.guest, &mut self.store)
    }

    /// Arms the limits again, and rebinds the imports to this request's store, journal, clock and
    /// random source.
    fn rebind(&mut self, request: Uuid, mut state: State) {
        state.meter = state.meter.after(&self.store.data().meter);
        *self.store.data_mut() = state;
        self.store.set_epoch_deadline(1);
        self.request = request;
    }

    /// Ends a call: returns its result, or an error with this request's id.
    pub(crate) fn close<T>(&self, answer: wasmtime::Result<T>) -> Result<T, PluginError> {
        self.store.data().meter.computing.pause();
        answer.map_err(|error| self.fault(Cause::of(error, Cause::Trap)))
    }

    pub(crate) fn check_size(&self, response: &Response) -> Result<(), PluginError> {
        let headers = response.headers.iter().map(|(name, value)| name.len() + value.len());
        let size = response.body.len() + headers.sum::<usize>();
        let limit = self.response_limit;
        if size > limit { Err(self.fault(Cause::Response { size, limit })) } else { Ok(()) }
    }

    fn fault(&self, cause: Cause) -> PluginError {
        PluginError { request: self.request, cause }
    }
}

/// Returns a fresh id for a request or an incident. It need not be secret: if the operating system
/// has no random bytes, it is the nil UUID, and the guest fails for the same reason soon after.
pub(crate) fn fresh_id() -> Uuid {
    let mut bytes = [0; 16];
    match OsRandom.fill(&mut bytes) {
        Ok(()) => Builder::from_random_bytes(bytes).into_uuid(),
        Err(_) => Uuid::nil(),
    }
}
