//! `scimlet user list`: lists all pages of users as one list.

use clap::Args;
use scimlet::plugin::Admin;
use serde_json::Value;

use super::super::context::{Context, small_plugin};
use super::super::issued::or_dash;
use super::super::table::table;

/// The number of users in one page.
const PAGE: u32 = 200;
/// The extension with the product's own attributes of a user.
const PRODUCT: &str = "urn:scimlet:product";

/// List the users of a tenant as the product sees them.
#[derive(Args)]
#[command(after_help = "Examples:\n  scimlet user list acme\n  \
                  scimlet user list acme --filter 'active eq false' --count 10")]
pub(in super::super) struct List {
    /// The tenant's name.
    tenant: String,
    /// Only users that this SCIM filter finds.
    #[arg(long)]
    filter: Option<String>,
    /// The most users to list.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

impl List {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let plugin = small_plugin()?;
        let admin = context.admin(&plugin, &self.tenant).await?;
        let users = self.users(&admin).await?;
        let rows: Vec<_> = users.iter().map(row).collect();
        let text = table(["ID", "USERNAME", "ACTIVE", "ROLES"], &rows);
        context.print(&text, &users.into())
    }

    async fn users(&self, admin: &Admin<'_>) -> anyhow::Result<Vec<Value>> {
        let wanted = self.count.unwrap_or(usize::MAX);
        let (mut users, mut cursor) = (Vec::new(), String::new());
        while users.len() < wanted {
            let count = u32::try_from(wanted - users.len()).map_or(PAGE, |left| left.min(PAGE));
            let page = admin.users(self.filter.as_deref(), &cursor, count).await?;
            let mut page: Value = serde_json::from_str(&page)?;
            if let Value::Array(found) = page["Resources"].take() {
                users.extend(found);
            }
            match page["nextCursor"].take() {
                Value::String(next) => cursor = next,
                _ => break,
            }
        }
        Ok(users)
    }
}

fn row(user: &Value) -> [String; 4] {
    let text = |name: &str| or_dash(user[name].as_str());
    let roles = user[PRODUCT]["roles"].as_array();
    let roles = roles.into_iter().flatten().filter_map(Value::as_str);
    [
        text("id"),
        text("userName"),
        access(user).to_owned(),
        or_dash(Some(&roles.collect::<Vec<_>>().join(" "))),
    ]
}

/// Returns whether the user has access; `deleted` for a user that a client deleted and the product
/// retains.
fn access(user: &Value) -> &'static str {
    match (&user[PRODUCT]["removed"], &user["active"]) {
        (Value::Bool(true), _) => "deleted",
        (_, Value::Bool(false)) => "no",
        _ => "yes",
    }
}
