//! `scimlet audit`: whether the record of what happened is whole.

use anyhow::bail;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use scimlet::feed::verify;
use serde_json::json;

use super::context::{Context, line, pretty};
use super::events::failed;

/// Check the record of what happened in a tenant.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// Walk all events of a tenant and find any that was edited, removed or reordered; the exit code is 1 then.
    #[command(after_help = "Example:\n  scimlet audit verify acme\n\n\
        Each event holds a digest over the one before it. Whoever can write the database could make a new chain up to its end: keep the \
        number and the digest that this prints in another place, and compare them later. Persons who were erased leave no gap.")]
    Verify {
        /// The tenant's name.
        tenant: String,
    },
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Verify { tenant } => verify(context, &tenant).await,
        }
    }
}

async fn verify(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let store = context.store(tenant).await?;
    match verify::chain(&*store).await.map_err(failed)? {
        Ok(chain) => {
            let (events, digest) = (chain.head.sequence, HEXLOWER.encode(&chain.head.digest));
            let emptied = chain.emptied;
            let text = format!("all {events} events are as they were recorded\ndigest  {digest}");
            let json = json!({
                "tenant": tenant, "intact": true, "events": events, "emptied": emptied, "digest": digest,
            });
            context.print(&text, &json)
        }
        Err(broken) => {
            if context.json {
                let json =
                    json!({ "tenant": tenant, "intact": false, "problem": broken.to_string() });
                line(&pretty(&json))?;
            }
            bail!("the audit of `{tenant}` is broken: {broken}")
        }
    }
}
