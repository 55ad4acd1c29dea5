//! The component behind HTTP, as an axum application.
//!
//! Every method and path below a SCIM base URL reaches the guest, which also reports errors in the
//! request. The host itself answers only what has no base URL, what is too large, and its own
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
use crate::clock::SystemClock;
use crate::feed::CommitNotifier;
use crate::http::{Admitted, Origin, Request, Response};
use crate::plugin::PluginError;
use crate::store::{Database, Store};
use admission::UNVERIFIED;
use bodies::BodyBudget;
pub(crate) use client::is_trusted;
pub(crate) use handler::{busy, is_health};
use streams::Streams;
use throttle::Throttle;
use verified::VerifiedCredentials;

/// The implementation behind the router: the component, or in tests the same logic compiled
/// natively.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Returns the tenant that the Authorization header claims, unverified; `None` if it claims
    /// none.
    async fn tenant_of(&self, headers: &[(String, String)]) -> Result<Option<String>, PluginError>;

    /// Answers a request of the tenant whose store this is and whom `origin` names. `gone` becomes
    /// true when the client no longer waits.
    async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError>;

    /// Authenticates a client of the tenant by its headers and, if a scope is given, checks that
    /// the client has it. Returns the client, or the response to send.
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

/// The settings of a [`Router`]: its URLs, proxies and limits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouterOptions {
    /// The URL before the paths, such as `https://scim.example.com`. `None` takes it from a trusted
    /// proxy, or from the Host header, which is right only without proxy and TLS.
    pub public_url: Option<String>,
    /// Networks of proxies that are trusted to report the client's address, scheme and host.
    pub trusted_proxies: Vec<IpNet>,
    /// The most bytes of a request's body; more is answered with 413. The guest accepts 1 MiB, and
    /// more only for members of groups.
    pub body: usize,
    /// The longest duration of sending a body; more is answered with 408.
    pub body_time: Duration,
    /// The fewest bytes of a body per second, on average after the first [`BODY_GRACE`]; fewer are
    /// answered with 408.
    pub body_rate: u32,
    /// The most bytes of all bodies that are read or answered at the same time; a tenant may use a
    /// quarter. Requests that wait too long for their share are answered with 503.
    pub bodies: usize,
    /// The most event streams and long polls of one tenant; more are answered with 429.
    pub streams_per_tenant: usize,
    /// The most event streams and long polls of all tenants; more are answered with 503.
    pub streams: usize,
    /// The most refused credentials from one address in a minute; more are answered with 429. Good
    /// credentials from that address still pass.
    pub failures: u32,
}

/// How long a body may arrive more slowly than [`RouterOptions::body_rate`].
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

/// Serves the tenants of a database at `/{tenant}/scim/v2` and `/{tenant}/scim`, and at `/scim/v2`
/// and `/scim`, where the credential identifies the tenant; also `GET /health`, `GET /readyz` and
/// `GET /{tenant}/events`, the tenant's event feed.
///
/// ```no_run
/// use std::sync::Arc;
/// use scimlet::store::memory::Memory;
/// use scimlet::{Plugin, PluginOptions, Router, RouterOptions, Server, ServerOptions};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let plugin = Plugin::new(PluginOptions::default())?;
/// let mut options = RouterOptions::default();
/// options.public_url = Some("https://scim.example.com".to_owned());
/// let router = Router::new(Arc::new(plugin), Arc::new(Memory::exact()), options);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// Server::new(router, ServerOptions::default()).serve(listener, std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
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
    /// Becomes true when the server stops.
    closing: watch::Sender<bool>,
}

impl Router {
    /// Creates a router for a provider and the tenants of a database.
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

    /// Returns the notifier of all commits by requests.
    pub fn notifier(&self) -> &CommitNotifier {
        &self.notifier
    }

    /// Returns the host's part of the audit logs. The server must run [`Audit::keep_writing`], and
    /// [`Audit::write`] at its end.
    pub fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// Returns the state behind `GET /readyz`. The server must run [`Readiness::keep_looking`].
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// Returns a receiver that becomes true when [`Router::close`] is called.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends streams and long polls. Other requests are answered as before.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Returns the application, to be served or merged into another one at its root. It knows
    /// clients' addresses if it is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
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
