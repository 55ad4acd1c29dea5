//! The demo tenant of a server whose database is empty.

use anyhow::Context as _;
use scimlet::plugin::{CredentialRequest, Issued};
use scimlet::{Plugin, escape};

use super::context::{Context, line};
use super::{issued, tenant, time, url};

const NAME: &str = "demo";

/// Creates the tenant `demo` with a bearer credential if there are no tenants, or completes it if
/// an earlier start was interrupted. Returns the credential if it was created.
pub(super) async fn make_if_empty(
    context: &Context,
    plugin: &Plugin,
) -> anyhow::Result<Option<Issued>> {
    let is_partial = match context.database.tenants().await?.as_slice() {
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
    let issued = make(context, plugin, is_partial).await;
    issued.map(Some).context("cannot make the tenant `demo`")
}

async fn make(context: &Context, plugin: &Plugin, is_partial: bool) -> anyhow::Result<Issued> {
    if !is_partial {
        let profile = r#"{"extends":"default"}"#;
        tenant::make(context, plugin, NAME, profile, time::now()).await?;
    }
    let request = CredentialRequest::bearer(NAME, NAME);
    let admin = context.admin(plugin, NAME).await?;
    Ok(admin.issue_credential(&request).await?)
}

/// Prints the secret, and how to try it.
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
