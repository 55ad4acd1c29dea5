//! `scimlet user`: users, as the product sees them.

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
    Show(UserArgument),
    /// Let an imported user belong to the identity provider from now on.
    #[command(after_help = "Example:\n  scimlet user link acme ID --external-id 00u1a2b3")]
    Link {
        #[command(flatten)]
        user: UserArgument,
        /// The user's externalId at the identity provider.
        #[arg(long, value_name = "TEXT")]
        external_id: Option<String>,
    },
    /// Take a user's access away, as an identity provider does with `active: false`.
    #[command(after_help = "Example:\n  scimlet user deactivate acme ID")]
    Deactivate(UserArgument),
    /// Give a user access again, where the profile lets the product do it and a seat is left.
    #[command(after_help = "Example:\n  scimlet user reactivate acme ID")]
    Reactivate(UserArgument),
    /// Remove a user and everything that tells about the person, in events too; for good.
    #[command(after_help = "Example:\n  scimlet user erase acme ID")]
    Erase(UserArgument),
    /// Give a user roles of its own, in place of those that it has.
    #[command(after_help = "Example:\n  scimlet user assign acme ID --role editor --role auditor")]
    Assign {
        #[command(flatten)]
        user: UserArgument,
        /// A role; may be given several times. Without any, the user has none of its own.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
}

/// One user of one tenant.
#[derive(Args)]
pub(super) struct UserArgument {
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
            Self::Show(user) => show(context, &user).await,
            Self::Link { user, external_id } => {
                let call = async |admin: &Admin<'_>| {
                    admin.link_user(&user.id, external_id.as_deref()).await
                };
                change(context, &user, "is linked", call).await
            }
            Self::Deactivate(user) => {
                let call = async |admin: &Admin<'_>| admin.deactivate_user(&user.id).await;
                change(context, &user, "is deactivated", call).await
            }
            Self::Reactivate(user) => {
                let call = async |admin: &Admin<'_>| admin.reactivate_user(&user.id).await;
                change(context, &user, "is active again", call).await
            }
            Self::Erase(user) => {
                let call = async |admin: &Admin<'_>| admin.erase_user(&user.id).await;
                change(context, &user, "is erased", call).await
            }
            Self::Assign { user, roles } => {
                let done = format!("has the roles [{}]", roles.join(", "));
                let call = async |admin: &Admin<'_>| admin.assign_roles(&user.id, &roles).await;
                change(context, &user, &done, call).await
            }
        }
    }
}

async fn show(context: &Context, user: &UserArgument) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, &user.tenant).await?;
    let user = admin.user(&user.id).await.map_err(|error| user.named(error))?;
    let user: Value = serde_json::from_str(&user)?;
    context.print(&pretty(&user), &user)
}

async fn change(
    context: &Context,
    user: &UserArgument,
    done: &str,
    call: impl AsyncFn(&Admin<'_>) -> Result<(), AdminError>,
) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, &user.tenant).await?;
    let changed = when_stale(async || call(&admin).await).await;
    changed.map_err(|error| user.named(error))?;
    let UserArgument { tenant, id } = user;
    let text = format!("user {id} {done}");
    context.print(&escape::line(&text), &json!({ "tenant": tenant, "id": id }))
}

impl UserArgument {
    /// Adds to the error which user does not exist or was not changed.
    fn named(&self, error: AdminError) -> anyhow::Error {
        let Self { tenant, id } = self;
        match error {
            AdminError::NotFound => anyhow::anyhow!("tenant `{tenant}` has no user `{id}`"),
            error => anyhow::Error::from(error).context(format!("user `{id}`")),
        }
    }
}
