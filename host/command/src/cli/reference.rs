//! `scimlet reference`: objects that refer to people by e-mail address.

use clap::Subcommand;
use scimlet::escape;
use scimlet::plugin::Reference as Listed;
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::issued::or_dash;
use super::retry::when_stale;
use super::table::table;

/// Record and list what refers to people by an e-mail address: an owner, a team.
#[derive(Subcommand)]
pub(super) enum Reference {
    /// Record that an object of the product refers to a person; again has no effect.
    #[command(after_help = "Example:\n  scimlet reference add acme ada@example.com dashboard 42")]
    Add {
        /// The tenant's name.
        tenant: String,
        /// The e-mail address that it refers to.
        email: String,
        /// The kind of the object.
        kind: String,
        /// The object's id.
        id: String,
    },
    /// List the objects that refer to an address.
    #[command(after_help = "Example:\n  scimlet reference list acme ada@example.com")]
    List {
        /// The tenant's name.
        tenant: String,
        /// The address.
        email: String,
    },
}

impl Reference {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let plugin = small_plugin()?;
        match self {
            Self::Add { tenant, email, kind, id } => {
                let admin = context.admin(&plugin, &tenant).await?;
                when_stale(async || admin.add_reference(&email, &kind, &id).await).await?;
                let text = format!("{kind} {id} refers to {email}");
                let text = escape::line(&text);
                context.print(&text, &json!({ "email": email, "kind": kind, "id": id }))
            }
            Self::List { tenant, email } => {
                let admin = context.admin(&plugin, &tenant).await?;
                let references = admin.references(&email).await?;
                let rows: Vec<_> = references.iter().map(row).collect();
                let text = table(["EMAIL", "KIND", "ID", "USER"], &rows);
                context.print(&text, &references.iter().map(object).collect())
            }
        }
    }
}

fn row(reference: &Listed) -> [String; 4] {
    [
        reference.email.clone(),
        reference.kind.clone(),
        reference.id.clone(),
        or_dash(reference.user.as_deref()),
    ]
}

fn object(reference: &Listed) -> Value {
    json!({
        "email": reference.email,
        "kind": reference.kind,
        "id": reference.id,
        "user": reference.user,
    })
}
