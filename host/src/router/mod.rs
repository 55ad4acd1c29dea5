//! The component behind HTTP, as an application for axum.
//!
//! Every method and path below a SCIM base URL reaches the guest; what is wrong with a request, the
//! guest says. The host itself answers only what has no base URL, what is too large, and its own
//! failures.

mod admission;
mod audit;
mod bodies;
mod client;
mod convert;
mod events;
mod forwarded;
mod handler;
mod problem;
mod readiness;
mod run_to_completion;
mod streams;
mod target;
#[cfg(test)]
mod tests;
mod throttle;
mod verified;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use ipnet::IpNet;
use tokio::sync::{Semaphore, watch};

pub use self::audit::Audit;
pub use self::readiness::{CLOCK_BEHIND, Readiness};
use crate::Plugin;
use crate::feed::CommitNotifier;
use crate::http::{Admitted, Origin, Request, Response};
use crate::plugin::PluginError;
use crate::plugin::clock::SystemClock;
use crate::store::{Database, Store};
use admission::UNVERIFIED;
use bodies::BodyBudget;
pub(crate) use client::is_trusted;
pub(crate) use handler::{busy, is_health};
use streams::Streams;
use throttle::Throttle;
use verified::VerifiedCredentials;

/// Who answers SCIM requests: the component, or in tests the same logic compiled natively.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The tenant that the Authorization header claims, unverified.
    async fn tenant_of(&self, headers: &[(String, String)]) -> Result<Option<String>, PluginError>;

    /// Answers a request of the tenant that the store belongs to and the origin names. When `gone`
    /// becomes true, nobody waits for the answer any more.
    async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError>;

    /// Who asks, if the headers are those of a client of that tenant that, where a scope is named,
    /// may do what that names; else the answer to send.
    async fn authorize(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        headers: &[(String, String)],
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError>;
}

#[async_trait]
impl Provider for Plugin {
    async fn tenant_of(&self, headers: &[(String, String)]) -> Result<Option<String>, PluginError> {
        Plugin::tenant_of(self, headers).await
    }

    async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        self.handle_while(store, origin, request, gone).await
    }

    async fn authorize(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        headers: &[(String, String)],
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        Plugin::authorize(self, store, origin, headers, scope).await
    }
}

/// How a [`Router`] reads requests, and whom it slows down.
#[derive(Clone, Debug)]
pub struct RouterOptions {
    /// What clients put before the paths, such as `https://scim.example.com`. `None` takes what a
    /// trusted proxy says, or the Host header, which is right only without a proxy and without TLS.
    pub public_url: Option<String>,
    /// Proxies whose word about the client's address, the scheme and the host is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Bytes of a request's body; more is answered with 413. The guest takes 1 MiB, and more only
    /// of the members of groups.
    pub body: usize,
    /// How long a client may take to send a body; longer is answered with 408.
    pub body_time: Duration,
    /// Bytes a second that a client has to send of a body, on average; fewer are answered with 408.
    /// The first [`BODY_GRACE`] are free.
    pub body_rate: u32,
    /// Bytes of all bodies that are read or answered at the same time; a tenant gets a quarter of
    /// them at most. Who finds no room for some seconds is answered with 503.
    pub bodies: usize,
    /// Streams of events and long polls of one tenant; more are answered with 429.
    pub streams_per_tenant: usize,
    /// Those of all tenants; more are answered with 503.
    pub streams: usize,
    /// Refused credentials that one address may send in a minute; more are answered with 429. Good
    /// ones from there still pass.
    pub failures: u32,
}

/// How long a client may be slower than [`RouterOptions::body_rate`].
pub const BODY_GRACE: Duration = Duration::from_secs(5);

impl Default for RouterOptions {
    fn default() -> Self {
        Self {
            public_url: None,
            trusted_proxies: Vec::new(),
            body: 24 << 20,
            body_time: Duration::from_secs(30),
            body_rate: 1024,
            bodies: 64 << 20,
            streams_per_tenant: 16,
            streams: 256,
            failures: 10,
        }
    }
}

/// Serves the tenants of a database at `/{tenant}/scim/v2`, `/{tenant}/scim`, and, where the
/// credential says who it is, `/scim/v2` and `/scim`; also `GET /health`, `GET /readyz`, and `GET
/// /{tenant}/events`, the tenant's feed.
#[derive(Clone)]
pub struct Router {
    provider: Arc<dyn Provider>,
    database: Arc<dyn Database>,
    options: Arc<RouterOptions>,
    throttle: Arc<Throttle>,
    verified: Arc<VerifiedCredentials>,
    unverified: Arc<Semaphore>,
    bodies: BodyBudget,
    streams: Streams,
    notifier: CommitNotifier,
    audit: Arc<Audit>,
    readiness: Arc<Readiness>,
    /// True when the server stops.
    closing: watch::Sender<bool>,
}

impl Router {
    /// Takes what answers and where it finds the tenants.
    pub fn new(
        provider: Arc<dyn Provider>,
        database: Arc<dyn Database>,
        options: RouterOptions,
    ) -> Self {
        let throttle = Throttle::new(options.failures);
        Self {
            provider,
            audit: Arc::new(Audit::new(Arc::clone(&database))),
            readiness: Arc::new(Readiness::new(Arc::clone(&database), Arc::new(SystemClock))),
            database,
            verified: Arc::default(),
            unverified: Arc::new(Semaphore::new(UNVERIFIED)),
            bodies: BodyBudget::new(options.bodies),
            streams: Streams::new(options.streams_per_tenant, options.streams),
            options: Arc::new(options),
            throttle: Arc::new(throttle),
            notifier: CommitNotifier::default(),
            closing: watch::Sender::new(false),
        }
    }

    /// Rings for every commit of a request.
    pub fn notifier(&self) -> &CommitNotifier {
        &self.notifier
    }

    /// What the host itself has to say in tenants' audits: for the server to write from time to
    /// time, and at the end.
    pub fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// What `GET /readyz` answers from: for the server to keep up to date.
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// Becomes true when [`Router::close`] is called.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends the answers that would go on for ever. Other requests are answered as before.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The application, to be served or merged into another at its root. It knows the client's
    /// address if it is served with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn into_axum(self) -> axum::Router {
        axum::Router::new().fallback(answer).with_state(self)
    }
}

async fn answer(
    State(router): State<Router>,
    request: axum::extract::Request,
) -> axum::response::Response {
    router.answer(request).await
}
