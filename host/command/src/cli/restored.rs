//! New epochs for a database that was restored from an older copy.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::time::now;

/// Manage the database as a whole.
#[derive(Subcommand)]
pub(super) enum Database {
    /// Begin a new epoch of every tenant's events, after the database was restored from an older
    /// copy.
    #[command(after_help = "Example:\n  \
        scimlet --database postgres://scimlet@db.example.com/scimlet database new-epoch\n\n\
        Events that followed the copy are gone, and others will have their numbers. Run this \
        before the first server starts again: followers that come back with a number from before \
        are then told (410), where they would miss events in silence. A SQLite file needs it only \
        if the file `.identity` beside it was restored too, as from a snapshot of the whole disk: \
        otherwise the next command finds out by itself. Once too often does no harm but that \
        followers are told. Each tenant's audit has an event `feed-epoch-raised` then.")]
    NewEpoch,
}

impl Database {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let Self::NewEpoch = self;
        let raised = context.database.raise_epochs(now()).await?;
        let text = format!("a new epoch has begun in {raised} tenants");
        context.print(&text, &json!({ "tenants": raised }))
    }
}

/// Raises the epochs of a database that is known to have been restored.
pub(super) async fn notice(context: &Context) -> anyhow::Result<()> {
    if context.database.is_restored() {
        let raised = context.database.raise_epochs(now()).await?;
        tracing::warn!(
            "an older copy was put in the place of the database: events that followed it are \
            gone; a new epoch of the events has begun \
             in {raised} tenants, and followers that have seen more are told"
        );
    }
    Ok(())
}
