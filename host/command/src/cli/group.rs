//! `scimlet group`: the roles and seats that groups give their members.

use clap::Subcommand;
use scimlet::escape;
use scimlet::plugin::Assignment;
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::issued::or_dash;
use super::retry::when_stale;
use super::table::table;

/// Give the members of groups roles and seats.
#[derive(Subcommand)]
pub(super) enum Group {
    /// Give a group's members roles and a type of seat, in place of what it gave before; without
    /// either, nothing any more.
    #[command(after_help = "Examples:\n  scimlet group assign acme Engineering --role editor \
        --seat-type full\n  \
                      scimlet group assign acme Engineering")]
    Assign {
        /// The tenant's name.
        tenant: String,
        /// The group's id or its name.
        group: String,
        /// A role; may be given several times.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// One of the profile's types of seats.
        #[arg(long, value_name = "TYPE")]
        seat_type: Option<String>,
    },
    /// List the groups that give something.
    #[command(after_help = "Example:\n  scimlet group list acme")]
    List {
        /// The tenant's name.
        tenant: String,
    },
}

impl Group {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Assign { tenant, group, roles, seat_type } => {
                let given = Assignment { roles, seat_type };
                assign(context, &tenant, &group, &given).await
            }
            Self::List { tenant } => list(context, &tenant).await,
        }
    }
}

async fn assign(
    context: &Context,
    tenant: &str,
    group: &str,
    given: &Assignment,
) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    when_stale(async || admin.assign_group(group, given).await).await?;
    let [_, roles, seats] = row(group, given);
    let group_name = escape::line(group);
    let text = format!("group {group_name} gives its members roles {roles}, seats {seats}");
    context.print(&text, &object(group, given))
}

async fn list(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let assignments = context.admin(&plugin, tenant).await?.assignments().await?;
    let rows = assignments.iter().map(|(group, given)| row(group, given));
    let text = table(["GROUP", "ROLES", "SEAT TYPE"], &rows.collect::<Vec<_>>());
    let objects = assignments.iter().map(|(group, given)| object(group, given));
    context.print(&text, &objects.collect())
}

fn row(group: &str, given: &Assignment) -> [String; 3] {
    [group.to_owned(), or_dash(Some(&given.roles.join(" "))), or_dash(given.seat_type.as_deref())]
}

fn object(group: &str, given: &Assignment) -> Value {
    json!({ "group": group, "roles": given.roles, "seatType": given.seat_type })
}
