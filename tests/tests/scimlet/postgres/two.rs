//! Two servers on one database.

use anyhow::Context;
use scimlet::plugin::CredentialRequest;
use scimlet::plugin::Issued;
use scimlet::store::postgres::Postgres;
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::server::Server;
use std::sync::Arc;
use tempfile::TempDir;

/// Two servers that live until it is dropped, and this process as a third host.
pub struct Two {
    servers: [Server; 2],
    _folder: TempDir,
    plugin: Plugin,
    /// The tenant behind the servers' backs.
    pub store: Arc<dyn TenantStorage>,
}

impl Two {
    /// Starts them on a new database.
    pub async fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        let (folder, url) = (TempDir::new()?, cluster.database()?);
        let first = Server::over(folder.path(), &url)?;
        let second = Server::over(folder.path(), &url)?;
        let database = Postgres::open(&url, false).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        Ok(Self {
            servers: [first, second],
            _folder: folder,
            plugin: Plugin::new(PluginOptions::default())?,
            store,
        })
    }

    /// A new credential.
    pub async fn credential(&self) -> anyhow::Result<Issued> {
        let request = CredentialRequest::bearer(TENANT, "test");
        let admin = self.plugin.admin(self.store.clone());
        Ok(admin.issue_credential(&request).await?)
    }

    /// Revokes a credential.
    pub async fn revoke(&self, id: &str) -> anyhow::Result<()> {
        let admin = self.plugin.admin(self.store.clone());
        Ok(admin.revoke_credential(id).await?)
    }

    /// A client of each server with this secret.
    pub fn clients(&self, secret: &str) -> anyhow::Result<[Http; 2]> {
        let client = |server: &Server| Http::new(server.base(TENANT), secret);
        let [one, other] = &self.servers;
        Ok([client(one)?, client(other)?])
    }
}
