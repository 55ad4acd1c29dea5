//! The recorded exchanges against one server over PostgreSQL, each with a tenant of its own.

use anyhow::{Context, ensure};
use scimlet::plugin::CredentialRequest;
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{self, Exchange, Http};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::server::Server;
use tempfile::TempDir;

/// Runs all exchanges; the error says of each that fails how.
pub async fn all(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (TempDir::new()?, cluster.database()?);
    let server = Server::over(folder.path(), &url)?;
    let database = Postgres::open(&url, false).await?;
    let plugin = Plugin::new(PluginOptions::default())?;
    let mut failures = Vec::new();
    for (number, exchange) in exchange::all()?.iter().enumerate() {
        let tenant = format!("exchange-{number}");
        let endpoint = endpoint(&server, &database, &plugin, exchange, &tenant).await?;
        if let Err(error) = exchange::run(exchange, &endpoint).await {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

async fn endpoint(
    server: &Server,
    database: &Postgres,
    plugin: &Plugin,
    exchange: &Exchange,
    tenant: &str,
) -> anyhow::Result<Http> {
    database.create_tenant(tenant, 0).await?;
    let store = database.open(tenant).await?.context("it was made")?;
    let admin = plugin.admin(store);
    admin.configure(&exchange.profile, None).await?;
    let request = CredentialRequest::bearer(tenant, "test");
    let secret = admin.issue_credential(&request).await?.secret;
    Http::new(server.base(tenant), secret)
}
