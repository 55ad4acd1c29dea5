//! The host's entries in the audit: floods of bad credentials, and traps.

use std::sync::Arc;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use libtest_mimic::Trial;
use reqwest::Client;
use scimlet::http::{Admitted, Origin, Request, Response};
use scimlet::plugin::{Cause, PluginError};
use scimlet::store::memory::Memory;
use scimlet::store::{Database, Store};
use scimlet::{Provider, Router, RouterOptions};
use scimlet_tests::client::together;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::{outbox, server};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("audit::a_flood_of_bad_credentials_is_one_event", flood),
        trial("audit::a_trap_is_kept_with_its_incident", trap),
    ]
}

async fn flood() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let before = outbox::audit(folder.path(), TENANT).await?.len();
    let good = server.endpoint(TENANT)?;
    let mistyped = Http::new(&good.base, format!("{}x", good.secret))?;
    let missing = mistyped.at(server.base("missing"));
    let asks = (0..300).map(|number| {
        let http = if number % 3 == 0 { missing.clone() } else { mistyped.clone() };
        async move { http.get("/Users").await?.expect(401) }
    });
    together(asks).await?;
    let issued = before + 1;
    ensure!(outbox::audit(folder.path(), TENANT).await?.len() == issued, "one for each");
    server.stop()?;
    let audit = outbox::audit(folder.path(), TENANT).await?;
    ensure!(audit.len() == issued + 1, "{} events", audit.len());
    let last = audit.last().context("no event")?;
    let data: Value = serde_json::from_str(&last.event.body)?;
    ensure!(last.actor == "host" && last.event.name == "refusals", "{last:?}");
    ensure!(data["count"] == 200, "{data}");
    let (from, to) = (data["from"].as_u64(), data["to"].as_u64());
    ensure!(from.is_some() && from <= to, "{data}");
    Ok(())
}

/// A provider that traps at every request.
struct Trap;

impl Trap {
    fn fault() -> PluginError {
        PluginError::new(uuid(), Cause::Lost)
    }
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_u128(7)
}

#[async_trait]
impl Provider for Trap {
    async fn tenant_of(&self, _: &[(String, String)]) -> Result<Option<String>, PluginError> {
        Err(Self::fault())
    }

    async fn handle(
        &self,
        _: Arc<dyn Store>,
        _: Origin,
        _: Request,
        _: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        Err(Self::fault())
    }

    async fn authorize(
        &self,
        _: Arc<dyn Store>,
        _: Origin,
        _: &[(String, String)],
        _: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        Err(Self::fault())
    }
}

async fn trap() -> anyhow::Result<()> {
    let database = Memory::exact();
    database.create_tenant(TENANT, 0).await?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    let router = Router::new(Arc::new(Trap), Arc::new(database), RouterOptions::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, router.into_axum()).into_future());
    let url = format!("http://{address}/{TENANT}/scim/v2/Users");
    let answer = Client::builder().no_proxy().build()?.get(url).send().await?;
    ensure!(answer.status() == 500, "{}", answer.status());
    let events = store.events(0, 10).await;
    let events = events.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let [event] = events.as_slice() else { anyhow::bail!("{events:?}") };
    ensure!(event.event.name == "trap" && event.actor == "host", "{event:?}");
    ensure!(event.event.body.contains(&uuid().to_string()), "{event:?}");
    ensure!(!event.event.body.contains("bug"), "{event:?}");
    Ok(())
}
