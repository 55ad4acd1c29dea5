//! What commands share: the database, the plugin when they need it, and how they print.

use std::io::{Write as _, stdout};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use scimlet::escape;
use scimlet::plugin::{Admin, Limits};
use scimlet::store::{Database, Store};
use scimlet::{Plugin, PluginOptions};
use serde_json::Value;

use super::database::{self, Make};
use super::{Common, restored, url};

/// The setting that holds the public URL of the server that started last.
pub(super) const PUBLIC_URL: &str = "public-url";

/// One run of a command.
pub(super) struct Context {
    pub(super) database: Arc<dyn Database>,
    pub(super) json: bool,
}

impl Context {
    /// Opens the database. One in whose place an older copy was put gets new epochs first.
    pub(super) async fn open(common: &Common, make: Make) -> anyhow::Result<Self> {
        let context = Self::open_untouched(common, make).await?;
        restored::notice(&context).await?;
        Ok(context)
    }

    /// Opens the database and changes nothing in it, for a look at what was put there.
    pub(super) async fn open_untouched(common: &Common, make: Make) -> anyhow::Result<Self> {
        let database = database::open(&common.database, make).await?;
        Ok(Self {
            database,
            json: common.json,
        })
    }

    /// The storage of a tenant that has to be there.
    pub(super) async fn store(&self, tenant: &str) -> anyhow::Result<Arc<dyn Store>> {
        let store = self.database.open(tenant).await?;
        store.with_context(|| {
            format!(
                "there is no tenant `{tenant}`; `scimlet tenant list` shows those that there are"
            )
        })
    }

    /// The administration of a tenant that has to be there.
    pub(super) async fn admin<'a>(
        &self,
        plugin: &'a Plugin,
        tenant: &str,
    ) -> anyhow::Result<Admin<'a>> {
        Ok(plugin.admin(self.store(tenant).await?).named(tenant))
    }

    /// A tenant's SCIM base URL, on the server that started last.
    pub(super) async fn base_url(&self, tenant: &str) -> anyhow::Result<String> {
        Ok(url::base(&self.public_url().await?, tenant))
    }

    /// The public URL of the server that started last.
    pub(super) async fn public_url(&self) -> anyhow::Result<String> {
        let recorded = self.database.setting(PUBLIC_URL).await?;
        Ok(recorded.unwrap_or_else(|| url::DEFAULT.to_owned()))
    }

    /// Prints whichever was asked for.
    pub(super) fn print(&self, text: &str, json: &Value) -> anyhow::Result<()> {
        print(self.json, text, json)
    }
}

/// Prints one or the other. Both end without a line break.
pub(super) fn print(as_json: bool, text: &str, json: &Value) -> anyhow::Result<()> {
    if as_json {
        line(&pretty(json))
    } else {
        line(text)
    }
}

/// JSON for people and scripts alike.
pub(super) fn pretty(json: &Value) -> String {
    escape::json(&format!("{json:#}")).into_owned()
}

/// Prints a line at once, also into a pipe, or some. What others have chosen in it has no line
/// breaks any more: see [`escape::line`].
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let text = escape::lines(text);
    let mut stdout = stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .context("cannot print")
}

/// How long one call of an operator may take: a group may have very many members.
const PATIENCE: Duration = Duration::from_secs(600);

/// A plugin for a few calls, one after another.
pub(super) fn small_plugin() -> anyhow::Result<Plugin> {
    let limits = Limits {
        concurrency: 1,
        request: PATIENCE,
        ..Limits::default()
    };
    Ok(Plugin::new(PluginOptions {
        limits,
        ..PluginOptions::default()
    })?)
}
