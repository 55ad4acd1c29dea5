//! What a server makes when its database is empty, so that there is something to try.

use anyhow::Context as _;
use scimlet::plugin::{CredentialRequest, Issued};
use scimlet::{Plugin, escape};

use super::context::{Context, line};
use super::{issued, tenant, time, url};

const NAME: &str = "demo";

/// The tenant `demo` with a bearer credential, if there is no tenant at all, or if a start before
/// was interrupted in the middle of it.
pub(super) async fn make_if_empty(
    context: &Context,
    plugin: &Plugin,
) -> anyhow::Result<Option<Issued>> {
    let begun = match context.database.tenants().await?.as_slice() {
        [] => false,
        [only] if only.name == NAME => {
            let credentials = context.admin(plugin, NAME).await?.credentials().await?;
            if !credentials.is_empty() {
                return Ok(None);
            }
            tenant::is_configured(context, plugin, NAME).await?
        }
        _ => return Ok(None),
    };
    let issued = make(context, plugin, begun).await;
    issued.map(Some).context("cannot make the tenant `demo`")
}

async fn make(context: &Context, plugin: &Plugin, begun: bool) -> anyhow::Result<Issued> {
    if !begun {
        let profile = r#"{"extends":"default"}"#;
        tenant::make(context, plugin, NAME, profile, time::now()).await?;
    }
    let request = CredentialRequest::bearer(NAME, NAME);
    let admin = context.admin(plugin, NAME).await?;
    Ok(admin.issue_credential(&request).await?)
}

/// How to try it, with the secret.
pub(super) fn print(context: &Context, public_url: &str, issued: &Issued) -> anyhow::Result<()> {
    let url = url::base(public_url, NAME);
    if context.json {
        let json = issued::json(issued, &url).to_string();
        return line(&escape::json(&json));
    }
    line(&format!(
        "\n\
         The database was empty: there is a tenant `{NAME}` in it now.\n\
         \n\
         URL     {url}\n\
         secret  {}\n\
         \n\
         {}\n",
        issued.secret,
        issued::trial(issued, &url),
    ))
}
