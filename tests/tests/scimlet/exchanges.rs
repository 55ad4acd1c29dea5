//! Recorded exchanges, run natively against core, in process against the component, and over HTTP
//! against the binary. The first two, with the same clock and the same random bytes, have to agree
//! to the byte.

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet::http::Caller;
use scimlet::plugin::CredentialRequest;
use scimlet::plugin::PoolOptions;
use scimlet::store::memory::Memory;
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{self, Answer, Exchange, InProcess, TENANT};
use scimlet_tests::fixed::{KnownBytes, SteppingClock};
use scimlet_tests::native::Native;
use scimlet_tests::server;

/// A trial for each exchange and way to run it.
pub fn trials() -> Vec<Trial> {
    let exchanges = exchange::all().expect("the recorded exchanges are well formed");
    exchanges.into_iter().map(Arc::new).flat_map(of).collect()
}

fn of(exchange: Arc<Exchange>) -> Vec<Trial> {
    let name = exchange.name.clone();
    let trial = |way: &str, run: fn(&Exchange) -> anyhow::Result<()>| {
        let exchange = exchange.clone();
        Trial::test(format!("exchange::{way}::{name}"), move || run(&exchange).map_err(failed))
    };
    vec![
        trial("native", |exchange| natively(exchange).map(drop)),
        trial("component", |exchange| in_component(exchange, Memory::exact()).map(drop)),
        trial("reused", |exchange| {
            in_component_with(exchange, Memory::exact(), Some(PoolOptions::default())).map(drop)
        }),
        trial("unfiltered", |exchange| in_component(exchange, Memory::unfiltered()).map(drop)),
        trial("equal", equal),
        trial("http", over_http),
    ]
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

fn equal(exchange: &Exchange) -> anyhow::Result<()> {
    let native = natively(exchange)?;
    let component = in_component(exchange, Memory::exact())?;
    for ((step, a), b) in exchange.steps.iter().zip(&native).zip(&component) {
        ensure!(a == b, "{}: natively {a:?}, in the component {b:?}", step.title);
    }
    ensure!(native.len() == component.len(), "not as many answers");
    Ok(())
}

fn natively(exchange: &Exchange) -> anyhow::Result<Vec<Answer>> {
    let native = Native {
        clock: Arc::new(SteppingClock::default()),
        random: Arc::new(KnownBytes::default()),
    };
    super::runtime()?.block_on(async {
        let store = tenant(Memory::exact()).await?;
        native.configure(store.clone(), &exchange.profile).await?;
        let secret = native.issue_credential(store.clone(), TENANT).await?.secret;
        let endpoint =
            InProcess { provider: Arc::new(native), store, secret, caller: Caller::Unknown };
        exchange::run(exchange, &endpoint).await
    })
}

fn in_component(exchange: &Exchange, database: Memory) -> anyhow::Result<Vec<Answer>> {
    in_component_with(exchange, database, None)
}

fn in_component_with(
    exchange: &Exchange,
    database: Memory,
    reuse: Option<PoolOptions>,
) -> anyhow::Result<Vec<Answer>> {
    let options = PluginOptions::default()
        .with_clock(Arc::new(SteppingClock::default()))
        .with_random(Arc::new(KnownBytes::default()))
        .with_pool(reuse);
    let plugin = Plugin::new(options)?;
    super::runtime()?.block_on(async {
        let store = tenant(database).await?;
        let admin = plugin.admin(store.clone());
        admin.configure(&exchange.profile, None).await?;
        let request = CredentialRequest::bearer(TENANT, "test");
        let secret = admin.issue_credential(&request).await?.secret;
        let endpoint =
            InProcess { provider: Arc::new(plugin), store, secret, caller: Caller::Unknown };
        exchange::run(exchange, &endpoint).await
    })
}

fn over_http(exchange: &Exchange) -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let profile = folder.path().join("profile.json");
    std::fs::write(&profile, &exchange.profile)?;
    let profile = profile.display().to_string();
    server::json(folder.path(), &["tenant", "create", "acme", "--profile", &profile])?;
    let endpoint = server.endpoint("acme")?;
    super::runtime()?.block_on(exchange::run(exchange, &endpoint)).map(drop)
}

async fn tenant(database: Memory) -> anyhow::Result<Arc<dyn TenantStorage>> {
    database.create_tenant(TENANT, 0).await?;
    database.open(TENANT).await?.context("the tenant is there")
}
