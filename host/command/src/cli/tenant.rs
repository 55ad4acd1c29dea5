//! `scimlet tenant`: manages tenants, one for each customer, with its own users, groups,
//! credentials and policy.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use scimlet::Plugin;
use scimlet::plugin::AdminError;
use scimlet::store::{DatabaseError, Tenant as Listed, is_tenant_name};
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::database::Make;
use super::setting::Setting;
use super::table::table;
use super::time::{date, now, seconds};
use super::{hook_secret, setting, url};

/// How long `tenant delete` waits for the storage to be swept.
const SWEEPING: Duration = Duration::from_secs(600);

/// Make, list, show, change and delete tenants.
#[derive(Subcommand)]
pub(super) enum Tenant {
    /// Make a tenant.
    #[command(after_help = "Examples:\n  scimlet tenant create acme\n  \
                            scimlet tenant create acme --profile ./acme.json")]
    Create {
        /// 1 to 63 of a-z, 0-9 and '-'; it becomes part of the tenant's URL.
        name: String,
        /// Its policy: the name of a preset, or a JSON file (with a '/' or ending in .json).
        #[arg(long, value_name = "PRESET|FILE", default_value = "default")]
        profile: String,
    },
    /// List all tenants.
    #[command(after_help = "Example:\n  scimlet tenant list")]
    List,
    /// Show one tenant: its URLs and its profile.
    #[command(after_help = "Example:\n  scimlet tenant show acme")]
    Show {
        /// The tenant's name.
        name: String,
    },
    /// Change settings of a tenant's profile, all of them or none.
    #[command(after_help = "Examples:\n  scimlet tenant set acme users.seats=5 enabled=true\n  \
                      scimlet tenant set acme 'users.default-roles=[\"viewer\"]' \
                      'network.allow=[\"192.0.2.0/24\"]'")]
    Set {
        /// The tenant's name.
        name: String,
        /// A setting's path, and its value as JSON.
        #[arg(required = true, value_name = "PATH=VALUE", value_parser = setting::parse)]
        settings: Vec<Setting>,
    },
    /// Say whether a gate's requirement is met; requests are let in when all gates are met.
    #[command(after_help = "Example:\n  scimlet tenant gate acme contract met")]
    Gate {
        /// The tenant's name.
        name: String,
        /// The gate's name.
        gate: String,
        /// Whether the requirement is met.
        state: setting::Gate,
    },
    /// Delete a tenant and everything in it, at once and for good.
    #[command(after_help = "Example:\n  scimlet tenant delete acme\n\n\
        Ends when nothing of it is left in the file and its write-ahead log, or in the tables of \
        PostgreSQL, where VACUUM frees what the rows had. Backups, PostgreSQL's own log of changes \
        and the server's log keep what they have.")]
    Delete {
        /// The tenant's name.
        name: String,
    },
}

impl Tenant {
    /// Whether the command may create the database. For all but `create` a missing file is a
    /// mistyped name.
    pub(super) fn makes_database(&self) -> Make {
        match self {
            Self::Create { .. } => Make::New,
            _ => Make::Never,
        }
    }

    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Create { name, profile } => create(context, &name, &profile).await,
            Self::List => list(context).await,
            Self::Show { name } => show(context, &name).await,
            Self::Set { name, settings } => setting::set(context, &name, &settings).await,
            Self::Gate { name, gate, state } => {
                setting::set_gate(context, &name, &gate, state).await
            }
            Self::Delete { name } => delete(context, &name).await,
        }
    }
}

async fn create(context: &Context, name: &str, profile: &str) -> anyhow::Result<()> {
    let (profile, secrets) = hook_secret::filled(read_profile(profile)?)?;
    let created = now();
    make(context, &small_plugin()?, name, &profile, created).await?;
    let url = context.base_url(name).await?;
    let text = format!(
        "tenant {name} is made: {url}\n\
         `scimlet credential create {name}` makes a secret for its client.{}",
        secrets.text()
    );
    let tenant = Listed { name: name.to_owned(), created };
    let mut json = object(&tenant, &context.public_url().await?);
    secrets.add_to(&mut json);
    context.print(&text, &json)
}

/// Creates a tenant with a profile. Leaves no tenant if the profile is refused.
pub(super) async fn make(
    context: &Context,
    plugin: &Plugin,
    name: &str,
    profile: &str,
    created: u64,
) -> anyhow::Result<()> {
    ensure!(is_tenant_name(name), "`{name}` is no tenant name: use 1 to 63 of a-z, 0-9 and '-'");
    let made = enter(context, plugin, name, created).await?;
    let configured = match context.admin(plugin, name).await {
        Ok(admin) => match admin.configure(profile, None).await {
            // Another command has created the same tenant meanwhile.
            Err(AdminError::Stale) => bail!(DatabaseError::Exists(name.to_owned())),
            configured => configured.context("the profile is refused"),
        },
        Err(error) => Err(error),
    };
    if configured.is_err() && made {
        let removed = context.database.delete_tenant(name).await;
        removed.with_context(|| format!("tenant `{name}` is left half made"))?;
    }
    configured.map(drop)
}

/// Adds a tenant to the list. Returns `false` if it exists without a profile, because an earlier
/// command was interrupted.
async fn enter(
    context: &Context,
    plugin: &Plugin,
    name: &str,
    created: u64,
) -> anyhow::Result<bool> {
    let entered = context.database.create_tenant(name, created).await;
    if let Err(DatabaseError::Exists(_)) = entered
        && !is_configured(context, plugin, name).await?
    {
        return Ok(false);
    }
    entered?;
    Ok(true)
}

/// Returns whether an existing tenant has a profile.
pub(super) async fn is_configured(
    context: &Context,
    plugin: &Plugin,
    name: &str,
) -> anyhow::Result<bool> {
    match context.admin(plugin, name).await?.profile().await {
        Err(AdminError::NotFound) => Ok(false),
        profile => Ok(profile.map(|_| true)?),
    }
}

/// Returns the profile document that `--profile` names.
fn read_profile(profile: &str) -> anyhow::Result<String> {
    let path = Path::new(profile);
    if profile.contains('/') || profile.ends_with(".json") || path.is_file() {
        return std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the profile `{profile}`"));
    }
    Ok(json!({ "extends": profile }).to_string())
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let tenants = context.database.tenants().await?;
    let public_url = context.public_url().await?;
    let row = |tenant: &Listed| {
        [tenant.name.clone(), date(tenant.created), url::base(&public_url, &tenant.name)]
    };
    let text = table(["NAME", "CREATED", "URL"], &tenants.iter().map(row).collect::<Vec<_>>());
    context.print(&text, &tenants.iter().map(|tenant| object(tenant, &public_url)).collect())
}

fn object(tenant: &Listed, public_url: &str) -> Value {
    let url = url::base(public_url, &tenant.name);
    json!({ "name": tenant.name, "created": seconds(tenant.created), "url": url })
}

async fn show(context: &Context, name: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let profile = match context.admin(&plugin, name).await?.profile().await {
        Err(AdminError::NotFound) => Value::Null,
        profile => without_secrets(&profile?.0),
    };
    let tenants = context.database.tenants().await?;
    let tenant = tenants.into_iter().find(|tenant| tenant.name == name);
    let tenant = tenant.with_context(|| format!("tenant `{name}` was just deleted"))?;
    let public_url = context.public_url().await?;
    let shared = url::shared(&public_url);
    let mut json = object(&tenant, &public_url);
    json["shared"] = shared.clone().into();
    let text = match &profile {
        Value::Null => "-".to_owned(),
        profile => profile.to_string(),
    };
    json["profile"] = profile;
    let text = format!(
        "name     {name}\ncreated  {}\nURL      {}\nshared   {shared}\nprofile  {text}",
        date(tenant.created),
        url::base(&public_url, name),
    );
    context.print(&text, &json)
}

/// Returns a profile without the secrets of its webhooks.
fn without_secrets(profile: &str) -> Value {
    let mut profile: Value = serde_json::from_str(profile).unwrap_or_default();
    if let Some(webhooks) = profile.get_mut("webhooks") {
        hook_secret::hide(webhooks);
    }
    profile
}

async fn delete(context: &Context, name: &str) -> anyhow::Result<()> {
    context.database.delete_tenant(name).await?;
    let swept = context.database.swept(SWEEPING).await?;
    let left = match swept {
        true => "",
        false => "; what it held is out of reach, and leaves the storage when there is time for it",
    };
    let text = format!("tenant {name} is deleted{left}");
    context.print(&text, &json!({ "name": name, "swept": swept }))
}

#[cfg(test)]
mod tests {
    use super::read_profile;

    #[test]
    fn a_profile_is_a_preset_or_a_file() {
        assert_eq!(read_profile("okta").unwrap(), r#"{"extends":"okta"}"#);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acme.json");
        std::fs::write(&file, "{}").unwrap();
        assert_eq!(read_profile(file.to_str().unwrap()).unwrap(), "{}");
        assert!(read_profile("missing.json").is_err());
        assert!(read_profile("./missing").is_err());
    }
}
