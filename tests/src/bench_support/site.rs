//! A tenant that is served over HTTP, here in this process or elsewhere, and what the load
//! generator finds out about it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scimlet::plugin::CredentialRequest;
use scimlet::store::{Database, Store};
use scimlet::{Plugin, Provider, Router, RouterOptions};
use scimlet_bench::{Known, Options, Progress, Report, Run};
use tokio::net::TcpListener;

use crate::exchange::{Http, TENANT};
use crate::server::Server;

/// A SCIM service of one tenant.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its base URL.
    pub url: String,
    /// A secret that is good there.
    pub secret: String,
    /// The users and groups that requests are about; `None` creates some for each run.
    pub known: Option<Arc<Known>>,
}

impl Site {
    /// A tenant of a server, with a new credential.
    ///
    /// # Errors
    /// If there is no such tenant.
    pub fn at(server: &Server, tenant: &str) -> anyhow::Result<Self> {
        let Http { base, secret, .. } = server.endpoint(tenant)?;
        Ok(Self { url: base, secret, known: None })
    }

    /// Serves a new tenant of this database from this process. `plugin` sets it up, `provider`
    /// answers.
    ///
    /// # Errors
    /// If the tenant cannot be made.
    pub async fn serve(
        provider: Arc<dyn Provider>,
        plugin: &Plugin,
        database: Arc<dyn Database>,
    ) -> anyhow::Result<Self> {
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?;
        let secret = credential(plugin, store.context("the tenant is there")?).await?;
        let router = Router::new(provider, database, RouterOptions::default());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/{TENANT}/scim/v2", listener.local_addr()?);
        let service = router.into_axum().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok(Self { url, secret, known: None })
    }

    /// Runs the mix on this site as the turn says; returns the report.
    ///
    /// # Errors
    /// If anything fails: figures of a service that fails say nothing.
    pub async fn ask(&self, mix: &str, turn: &Turn) -> anyhow::Result<Report> {
        let run = self.prepare(mix, turn).await?;
        let report = measure(&run).await?;
        run.remove().await;
        Ok(report)
    }

    /// Makes what the turn needs.
    ///
    /// # Errors
    /// If the service refuses it.
    pub async fn prepare(&self, mix: &str, turn: &Turn) -> anyhow::Result<Run> {
        let options = Options {
            url: self.url.clone(),
            authorization: format!("Bearer {}", self.secret),
            mix: mix.parse()?,
            connections: turn.connections,
            rate: None,
            duration: turn.time,
            users: turn.users,
            known: self.known.clone(),
            seed: turn.seed,
            keep: turn.keep,
        };
        let prepared = Run::prepare(options).await;
        prepared.with_context(|| format!("{mix} at {}", self.url))
    }
}

/// The load of a run.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Requests under way at the same time.
    pub connections: u32,
    /// The time that it lasts.
    pub time: Duration,
    /// How many users are there to be asked for, where none are known.
    pub users: u32,
    /// Repeats the choices.
    pub seed: u64,
    /// Whether what was made stays there.
    pub keep: bool,
}

/// Eight connections for half a second, a hundred users, and nothing that stays.
impl Default for Turn {
    fn default() -> Self {
        Self { connections: 8, time: Duration::from_millis(500), users: 100, seed: 1, keep: false }
    }
}

/// The middle part of a run.
///
/// # Errors
/// As [`Site::ask`].
pub async fn measure(run: &Run) -> anyhow::Result<Report> {
    let report = run.measure(&Arc::new(Progress::default())).await?;
    let failures = report.failures();
    anyhow::ensure!(failures.is_empty(), "{failures:?}");
    Ok(report)
}

async fn credential(plugin: &Plugin, store: Arc<dyn Store>) -> anyhow::Result<String> {
    let admin = plugin.admin(store);
    admin.configure(r#"{"extends":"default"}"#, None).await?;
    let request = CredentialRequest::bearer(TENANT, "bench");
    Ok(admin.issue_credential(&request).await?.secret)
}
