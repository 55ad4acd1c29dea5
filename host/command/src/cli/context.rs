//! The context of a command: the database, the plugin for the commands that need it, and printing.

use std::io::{Write as _, stdout};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use scimlet::escape;
use scimlet::plugin::{Admin, Limits};
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use serde_json::Value;

use super::database::{self, Make};
use super::{Common, restored, url};

/// The name of the setting with the public URL of the server that started last.
pub(super) const PUBLIC_URL: &str = "public-url";

/// The context of one command.
pub(super) struct Context {
    pub(super) database: Arc<dyn Database>,
    pub(super) json: bool,
}

impl Context {
    /// Opens the database. Raises the epochs of a database that was restored from an older copy.
    pub(super) async fn open(common: &Common, make: Make) -> anyhow::Result<Self> {
        let context = Self::open_untouched(common, make).await?;
        restored::notice(&context).await?;
        Ok(context)
    }

    /// Opens the database without changing it.
    pub(super) async fn open_untouched(common: &Common, make: Make) -> anyhow::Result<Self> {
        let database = database::open(&common.database, make).await?;
        Ok(Self { database, json: common.json })
    }

    /// Returns the storage of a tenant.
    ///
    /// # Errors
    /// If the tenant does not exist.
    pub(super) async fn store(&self, tenant: &str) -> anyhow::Result<Arc<dyn TenantStorage>> {
        let store = self.database.open(tenant).await?;
        store.with_context(|| {
            format!(
                "there is no tenant `{tenant}`; `scimlet tenant list` shows those that there are"
            )
        })
    }

    /// Returns the administration of a tenant.
    ///
    /// # Errors
    /// If the tenant does not exist.
    pub(super) async fn admin<'a>(
        &self,
        plugin: &'a Plugin,
        tenant: &str,
    ) -> anyhow::Result<Admin<'a>> {
        Ok(plugin.admin(self.store(tenant).await?).named(tenant))
    }

    /// Returns a tenant's SCIM base URL on the server that started last.
    pub(super) async fn base_url(&self, tenant: &str) -> anyhow::Result<String> {
        Ok(url::base(&self.public_url().await?, tenant))
    }

    /// Returns the public URL of the server that started last.
    pub(super) async fn public_url(&self) -> anyhow::Result<String> {
        let recorded = self.database.setting(PUBLIC_URL).await?;
        Ok(recorded.unwrap_or_else(|| url::DEFAULT.to_owned()))
    }

    /// Prints the text, or with `--json` the JSON.
    pub(super) fn print(&self, text: &str, json: &Value) -> anyhow::Result<()> {
        print(self.json, text, json)
    }
}

/// Prints the text or the JSON. Both end without a line break.
pub(super) fn print(as_json: bool, text: &str, json: &Value) -> anyhow::Result<()> {
    if as_json { line(&pretty(json)) } else { line(text) }
}

/// Formats JSON for people and scripts.
pub(super) fn pretty(json: &Value) -> String {
    escape::json(&format!("{json:#}")).into_owned()
}

/// Prints one or more lines at once, also into a pipe. Untrusted text must have been escaped by
/// [`escape::line`].
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let text = escape::lines(text);
    let mut stdout = stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).context("cannot print")
}

/// How long one administrative call may take: a group may have very many members.
const CALL_TIMEOUT: Duration = Duration::from_secs(600);

/// Returns a plugin for a few sequential calls.
pub(super) fn small_plugin() -> anyhow::Result<Plugin> {
    let mut limits = Limits::default();
    limits.concurrency = 1;
    limits.request = CALL_TIMEOUT;
    Ok(Plugin::new(PluginOptions::default().with_limits(limits))?)
}
