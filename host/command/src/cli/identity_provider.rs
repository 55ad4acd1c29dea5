//! `scimlet identity-provider`: the product's identity providers.

use clap::Subcommand;
use scimlet::escape;
use scimlet::plugin::IdentityProvider as Listed;
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::issued;
use super::table::table;
use super::time::{date, seconds};

/// Add and list the identity providers of a tenant.
#[derive(Subcommand)]
pub(super) enum IdentityProvider {
    /// Add an identity provider; with auto-provisioning, print its secret, this once.
    #[command(
        after_help = "Example:\n  scimlet identity-provider add acme Okta --auto-provisioning"
    )]
    Add {
        /// The tenant's name.
        tenant: String,
        /// The identity provider's name.
        name: String,
        /// Whether it provisions users: it gets a credential then.
        #[arg(long)]
        auto_provisioning: bool,
    },
    /// List the identity providers of a tenant.
    #[command(after_help = "Example:\n  scimlet identity-provider list acme")]
    List {
        /// The tenant's name.
        tenant: String,
    },
}

impl IdentityProvider {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Add { tenant, name, auto_provisioning } => {
                add(context, &tenant, &name, auto_provisioning).await
            }
            Self::List { tenant } => list(context, &tenant).await,
        }
    }
}

async fn add(
    context: &Context,
    tenant: &str,
    name: &str,
    auto_provisioning: bool,
) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let issued = admin.add_identity_provider(tenant, name, auto_provisioning).await?;
    let url = context.base_url(tenant).await?;
    let mut text = format!("identity provider {} is entered", escape::line(name));
    let mut json = json!({});
    if let Some(issued) = issued {
        text = format!("{text}\n\n{}", issued::text(&issued, &url));
        json = issued::json(&issued, &url);
    }
    json["name"] = name.into();
    json["autoProvisioning"] = auto_provisioning.into();
    context.print(&text, &json)
}

async fn list(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let providers = admin.identity_providers().await?;
    let rows: Vec<_> = providers.iter().map(row).collect();
    let text = table(["NAME", "AUTO-PROVISIONING", "CREDENTIAL", "CREATED"], &rows);
    context.print(&text, &providers.iter().map(object).collect())
}

fn row(provider: &Listed) -> [String; 4] {
    [
        provider.name.clone(),
        if provider.auto_provisioning { "yes" } else { "no" }.to_owned(),
        issued::or_dash(provider.credential.as_deref()),
        date(provider.created),
    ]
}

fn object(provider: &Listed) -> Value {
    json!({
        "name": provider.name,
        "autoProvisioning": provider.auto_provisioning,
        "credential": provider.credential,
        "created": seconds(provider.created),
    })
}
