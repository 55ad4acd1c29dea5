//! `scimlet user`: people, seen from the product.

mod import;
mod list;

use clap::{Args, Subcommand};
use scimlet::escape;
use scimlet::plugin::{Admin, AdminError};
use serde_json::{Value, json};

use self::import::Import;
use self::list::List;
use super::context::{Context, pretty, small_plugin};
use super::retry::when_stale;

/// Import, list and change the users of a tenant, as the product does it.
#[derive(Subcommand)]
pub(super) enum User {
    Import(Import),
    List(List),
    /// Show one user as the product sees it, with the roles and seats that are in force.
    #[command(after_help = "Example:\n  scimlet user show acme ID")]
    Show(Who),
    /// Let an imported user belong to the identity provider from now on.
    #[command(after_help = "Example:\n  scimlet user link acme ID --external-id 00u1a2b3")]
    Link {
        #[command(flatten)]
        who: Who,
        /// What the identity provider calls the user.
        #[arg(long, value_name = "TEXT")]
        external_id: Option<String>,
    },
    /// Take a user's access away, as an identity provider does with `active: false`.
    #[command(after_help = "Example:\n  scimlet user deactivate acme ID")]
    Deactivate(Who),
    /// Give a user access again, where the profile lets the product do it and a seat is left.
    #[command(after_help = "Example:\n  scimlet user reactivate acme ID")]
    Reactivate(Who),
    /// Remove a user and everything that tells about the person, in events too; for good.
    #[command(after_help = "Example:\n  scimlet user erase acme ID")]
    Erase(Who),
    /// Give a user roles of its own, in place of those that it has.
    #[command(after_help = "Example:\n  scimlet user assign acme ID --role editor --role auditor")]
    Assign {
        #[command(flatten)]
        who: Who,
        /// A role; may be given several times. Without any, the user has none of its own.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
}

/// One user of one tenant.
#[derive(Args)]
pub(super) struct Who {
    /// The tenant's name.
    tenant: String,
    /// The user's id, in the first column of `scimlet user list TENANT`.
    id: String,
}

impl User {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Import(import) => import.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Show(who) => show(context, &who).await,
            Self::Link { who, external_id } => {
                let call = async |admin: &Admin<'_>| {
                    admin.link_user(&who.id, external_id.as_deref()).await
                };
                change(context, &who, "is linked", call).await
            }
            Self::Deactivate(who) => {
                let call = async |admin: &Admin<'_>| admin.deactivate_user(&who.id).await;
                change(context, &who, "is deactivated", call).await
            }
            Self::Reactivate(who) => {
                let call = async |admin: &Admin<'_>| admin.reactivate_user(&who.id).await;
                change(context, &who, "is active again", call).await
            }
            Self::Erase(who) => {
                let call = async |admin: &Admin<'_>| admin.erase_user(&who.id).await;
                change(context, &who, "is erased", call).await
            }
            Self::Assign { who, roles } => {
                let done = format!("has the roles [{}]", roles.join(", "));
                let call = async |admin: &Admin<'_>| admin.assign_roles(&who.id, &roles).await;
                change(context, &who, &done, call).await
            }
        }
    }
}

async fn show(context: &Context, who: &Who) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, &who.tenant).await?;
    let user = admin
        .user(&who.id)
        .await
        .map_err(|error| who.named(error))?;
    let user: Value = serde_json::from_str(&user)?;
    context.print(&pretty(&user), &user)
}

async fn change(
    context: &Context,
    who: &Who,
    done: &str,
    call: impl AsyncFn(&Admin<'_>) -> Result<(), AdminError>,
) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, &who.tenant).await?;
    let changed = when_stale(async || call(&admin).await).await;
    changed.map_err(|error| who.named(error))?;
    let Who { tenant, id } = who;
    let text = format!("user {id} {done}");
    context.print(&escape::line(&text), &json!({ "tenant": tenant, "id": id }))
}

impl Who {
    /// The error, with the user that is not there or not changed.
    fn named(&self, error: AdminError) -> anyhow::Error {
        let Self { tenant, id } = self;
        match error {
            AdminError::NotFound => anyhow::anyhow!("tenant `{tenant}` has no user `{id}`"),
            error => anyhow::Error::from(error).context(format!("user `{id}`")),
        }
    }
}
