//! `scimlet credential`: what identity providers authenticate with.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use scimlet::plugin::{Credential as Listed, CredentialRequest, Issued};
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::table::table;
use super::time::{date, date_or_dash, seconds};
use super::{issued, lifetime};

/// Make, list, rotate and revoke the secrets of identity providers.
#[derive(Subcommand)]
pub(super) enum Credential {
    /// Make a credential and print its secret, this once.
    #[command(
        after_help = "Example:\n  scimlet credential create acme --label 'Okta production' --lifetime 600d"
    )]
    Create(Create),
    /// List all credentials of a tenant, revoked and expired ones too; never their secrets.
    #[command(after_help = "Example:\n  scimlet credential list acme")]
    List {
        /// The tenant's name.
        tenant: String,
    },
    /// Give a credential a new secret and print it; the old one is refused at once.
    #[command(after_help = "Example:\n  scimlet credential rotate acme ID\n\n\
                            ID is in the first column of `scimlet credential list acme`.")]
    Rotate {
        /// The tenant's name.
        tenant: String,
        /// The credential's id.
        id: String,
    },
    /// Refuse a credential from the next request on.
    #[command(after_help = "Example:\n  scimlet credential revoke acme ID\n\n\
                            ID is in the first column of `scimlet credential list acme`.")]
    Revoke {
        /// The tenant's name.
        tenant: String,
        /// The credential's id.
        id: String,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// The tenant's name.
    tenant: String,
    /// What it is for; shown in lists.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    label: String,
    /// How the client presents it.
    #[arg(long, default_value = "bearer")]
    scheme: String,
    /// When it expires: a number and a unit (s, m, h or d). Without it, it does not.
    #[arg(long, value_name = "600d", value_parser = lifetime::parse)]
    lifetime: Option<u64>,
    /// What it is good for: read-only, users, groups, bulk or events; may be given several times. Without it, for everything
    /// but events.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

impl Credential {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List { tenant } => list(context, &tenant).await,
            Self::Rotate { tenant, id } => rotate(context, &tenant, &id).await,
            Self::Revoke { tenant, id } => revoke(context, &tenant, &id).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let request = CredentialRequest {
            tenant: self.tenant,
            label: self.label,
            scheme: self.scheme,
            lifetime_seconds: self.lifetime,
            scopes: self.scopes,
        };
        let plugin = small_plugin()?;
        let admin = context.admin(&plugin, &request.tenant).await?;
        let issued = admin.issue_credential(&request).await?;
        show(context, &request.tenant, &issued).await
    }
}

async fn list(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let credentials = context.admin(&plugin, tenant).await?.credentials().await?;
    let rows: Vec<_> = credentials.iter().map(row).collect();
    let text = table(
        [
            "ID", "LABEL", "SCHEME", "SCOPES", "CREATED", "EXPIRES", "REVOKED",
        ],
        &rows,
    );
    context.print(&text, &credentials.iter().map(object).collect())
}

async fn rotate(context: &Context, tenant: &str, id: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let issued = admin
        .rotate_credential(id)
        .await
        .with_context(|| no_change(id))?;
    show(context, tenant, &issued).await
}

async fn revoke(context: &Context, tenant: &str, id: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    admin
        .revoke_credential(id)
        .await
        .with_context(|| no_change(id))?;
    let text = format!("credential {id} is revoked");
    context.print(&text, &json!({ "tenant": tenant, "id": id }))
}

fn no_change(id: &str) -> String {
    format!("credential `{id}` is not changed")
}

async fn show(context: &Context, tenant: &str, issued: &Issued) -> anyhow::Result<()> {
    let url = context.base_url(tenant).await?;
    context.print(&issued::text(issued, &url), &issued::json(issued, &url))
}

fn row(credential: &Listed) -> [String; 7] {
    [
        credential.id.clone(),
        credential.label.clone(),
        credential.scheme.clone(),
        issued::scopes(credential),
        date(credential.created),
        date_or_dash(credential.expires),
        date_or_dash(credential.revoked),
    ]
}

fn object(credential: &Listed) -> Value {
    json!({
        "id": credential.id,
        "label": credential.label,
        "scheme": credential.scheme,
        "scopes": credential.scopes,
        "created": seconds(credential.created),
        "expires": credential.expires.map(seconds),
        "revoked": credential.revoked.map(seconds),
    })
}
