//! `scimlet credential`: the credentials of identity providers.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use scimlet::feed;
use scimlet::plugin::{Credential as Listed, CredentialRequest};
use scimlet_lifetime::Lifetime;
use serde_json::json;
use tokio::time::sleep;

use super::context::{Context, small_plugin};
use super::issued;
use super::retry::when_stale;
use super::table::table;
use super::time::{date, date_or_dash, hour_or_dash};

/// Make, list, rotate and revoke the secrets of identity providers.
#[derive(Subcommand)]
pub(super) enum Credential {
    /// Make a credential and print its secret, this once.
    #[command(
        after_help = "Examples:\n  scimlet credential create acme --label 'Okta production' \
        --lifetime 600d\n  \
                      scimlet credential create acme --scheme basic --scope users --scope read-only"
    )]
    Create(Create),
    /// List all credentials of a tenant, revoked and expired ones too; never their secrets.
    #[command(after_help = "Example:\n  scimlet credential list acme")]
    List {
        /// The tenant's name.
        tenant: String,
    },
    /// Give a credential a new secret and print it; the old one is refused at once, or when the
    /// profile says.
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
    /// Its purpose; shown in lists.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    label: String,
    /// How the client presents it: bearer (a token) or basic (a user name and a password).
    #[arg(long, default_value = "bearer")]
    scheme: String,
    /// When it expires: a number and a unit (s, m, h or d). Without it, when the profile says.
    #[arg(long, value_name = "600d")]
    lifetime: Option<Lifetime>,
    /// The areas that it may access: users, groups and events, and read-only or bulk for what it
    /// may do there; may be given several times. Without an area, everything but events.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The role of the profile that it is bound to.
    #[arg(long)]
    role: Option<String>,
    /// The group, by id or name, to which users that the client creates are added; a group that
    /// does not exist is created with this name.
    #[arg(long, value_name = "GROUP")]
    target_group: Option<String>,
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
            lifetime_seconds: self.lifetime.map(Lifetime::seconds),
            scopes: self.scopes,
            role: self.role,
            target_group: self.target_group,
        };
        let plugin = small_plugin()?;
        let admin = context.admin(&plugin, &request.tenant).await?;
        let issued = when_stale(async || admin.issue_credential(&request).await).await?;
        issued::show(context, &request.tenant, &issued).await
    }
}

async fn list(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let credentials = context.admin(&plugin, tenant).await?.credentials().await?;
    let rows: Vec<_> = credentials.iter().map(row).collect();
    let text = table(
        ["ID", "LABEL", "SCHEME", "SCOPES", "ROLE", "CREATED", "EXPIRES", "REVOKED", "LAST USED"],
        &rows,
    );
    context.print(&text, &credentials.iter().map(issued::object).collect())
}

async fn rotate(context: &Context, tenant: &str, id: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let issued = admin.rotate_credential(id).await.with_context(|| no_change(id))?;
    streams_ended(&issued.credential).await;
    issued::show(context, tenant, &issued).await
}

async fn revoke(context: &Context, tenant: &str, id: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let credentials = admin.credentials().await?;
    admin.revoke_credential(id).await.with_context(|| no_change(id))?;
    if let Some(revoked) = credentials.iter().find(|credential| credential.id == id) {
        streams_ended(revoked).await;
    }
    let text = format!("credential {id} is revoked");
    context.print(&text, &json!({ "tenant": tenant, "id": id }))
}

/// Waits until servers have closed the streams of a credential that has lost its secret. They check
/// the events at least every half second, and send no event after the loss.
async fn streams_ended(credential: &Listed) {
    if credential.scopes.iter().any(|scope| scope == "events") {
        sleep(2 * feed::POLL).await;
    }
}

fn no_change(id: &str) -> String {
    format!("credential `{id}` is not changed")
}

fn row(credential: &Listed) -> [String; 9] {
    [
        credential.id.clone(),
        credential.label.clone(),
        credential.scheme.clone(),
        issued::scopes(credential),
        issued::or_dash(credential.role.as_deref()),
        date(credential.created),
        date_or_dash(credential.expires),
        date_or_dash(credential.revoked),
        hour_or_dash(credential.last_used),
    ]
}
