//! Core compiled natively, over a host's store: what the component is compared with.

use std::sync::Arc;

use async_trait::async_trait;
use scimlet::clock::Clock;
use scimlet::http::{Admitted, Origin, Request, Response};
use scimlet::plugin::PluginError;
use scimlet::plugin::random::Random;
use scimlet::store::Store;
use scimlet_core::port::{self, Ports};
use scimlet_core::service::admin::{self, Issued, Problem};
use scimlet_core::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::convert::{lift, lower};

/// Core without the component, with the clock and the random bytes that the component would get.
#[derive(Clone)]
pub struct Native {
    /// The clock that core reads.
    pub clock: Arc<dyn Clock>,
    /// The source of core's random bytes.
    pub random: Arc<dyn Random>,
}

impl Native {
    /// Runs something with core's ports over this store, where it may block.
    async fn with_ports<T: Send + 'static>(
        &self,
        store: Arc<dyn Store>,
        run: impl FnOnce(&Ports<'_>) -> T + Send + 'static,
    ) -> T {
        let bridge = Bridge { native: self.clone(), store, runtime: Handle::current() };
        let run = move || {
            run(&Ports {
                store: &bridge,
                clock: &bridge,
                random: &bridge,
                journal: &bridge,
                application: None,
            })
        };
        spawn_blocking(run).await.expect("core does not panic")
    }

    /// Configures the tenant, as `admin.configure` does.
    ///
    /// # Errors
    /// As core's.
    pub async fn configure(&self, store: Arc<dyn Store>, profile: &str) -> Result<u64, Problem> {
        let profile = profile.to_owned();
        self.with_ports(store, move |ports| admin::configure(ports, &profile, None)).await
    }

    /// Issues a bearer of the tenant, as `admin.issue-credential` does.
    ///
    /// # Errors
    /// As core's.
    pub async fn issue_credential(
        &self,
        store: Arc<dyn Store>,
        tenant: &str,
    ) -> Result<Issued, Problem> {
        let request = admin::CredentialRequest {
            tenant: tenant.to_owned(),
            label: "test".to_owned(),
            scheme: "bearer".to_owned(),
            ..admin::CredentialRequest::default()
        };
        self.with_ports(store, move |ports| admin::issue_credential(ports, request)).await
    }
}

#[async_trait]
impl scimlet::Provider for Native {
    async fn tenant_of(&self, headers: &[(String, String)]) -> Result<Option<String>, PluginError> {
        Ok(scimlet_core::tenant_of(headers))
    }

    async fn handle(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        _gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        let (origin, request) = (lift::origin(origin), lift::request(request));
        let answer =
            self.with_ports(store, move |ports| scimlet_core::handle(ports, &origin, &request));
        Ok(lower::response(answer.await))
    }

    async fn authorize(
        &self,
        store: Arc<dyn Store>,
        origin: Origin,
        headers: &[(String, String)],
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        let (origin, headers) = (lift::origin(origin), headers.to_vec());
        let scope = scope.map(str::to_owned);
        let answer = self.with_ports(store, move |ports| {
            scimlet_core::authorize(ports, &origin, &headers, scope.as_deref())
        });
        Ok(answer.await.map(lower::admitted).map_err(lower::response))
    }
}

/// Core's ports over a host's.
struct Bridge {
    native: Native,
    store: Arc<dyn Store>,
    runtime: Handle,
}

impl port::Clock for Bridge {
    fn now(&self) -> u64 {
        u64::try_from(self.native.clock.now().as_millis()).unwrap_or(u64::MAX)
    }
}

impl port::Random for Bridge {
    fn fill(&self, buffer: &mut [u8]) {
        self.native.random.fill(buffer).expect("there is randomness");
    }
}

impl port::Journal for Bridge {
    fn write(&self, _: port::Level, _: &str, _: &str) {}
}

impl port::Store for Bridge {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        Ok(self.runtime.block_on(self.store.get(keys))?)
    }

    fn find(&self, query: Query) -> Result<Page, Refusal> {
        Ok(self.runtime.block_on(self.store.find(query))?)
    }

    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        let pages = self.store.links(anchors, name.to_owned(), direction, after, limit);
        Ok(self.runtime.block_on(pages)?)
    }

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        Ok(self.runtime.block_on(self.store.has(links))?)
    }

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection> {
        let done = self.store.commit(at, actor.to_owned(), writes);
        Ok(self.runtime.block_on(done)?)
    }
}
