//! `scimlet webhook`: the delivery of a tenant's events.

use clap::Subcommand;
use scimlet::webhook::{self, PendingDelivery, Report};
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::table::table;
use super::time::{date_or_dash, seconds};

/// Manage the delivery of events to a tenant's webhooks, which are in its profile.
#[derive(Subcommand)]
pub(super) enum Webhook {
    /// List a tenant's webhooks, with the events that could not be delivered and why.
    #[command(after_help = "Example:\n  scimlet webhook list acme\n\n\
        PENDING events are tried again by themselves. DEAD ones were tried for as long as the \
        profile says: `scimlet webhook retry` puts them back. Events about one resource are \
        delivered in their order, so those behind a dead one are dead with it.")]
    List {
        /// The tenant's name.
        tenant: String,
    },
    /// Put the dead events of a tenant's webhooks back, to be delivered.
    #[command(after_help = "Example:\n  scimlet webhook retry acme")]
    Retry {
        /// The tenant's name.
        tenant: String,
    },
}

impl Webhook {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::List { tenant } => list(context, &tenant).await,
            Self::Retry { tenant } => retry(context, &tenant).await,
        }
    }
}

async fn reports(context: &Context, tenant: &str) -> anyhow::Result<Vec<Report>> {
    let plugin = small_plugin()?;
    let webhooks = context.admin(&plugin, tenant).await?.webhooks().await?;
    Ok(webhook::report(&*context.store(tenant).await?, &webhooks).await?)
}

async fn list(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let reports = reports(context, tenant).await?;
    let rows: Vec<_> = reports.iter().map(row).collect();
    let headings = ["URL", "DONE TO", "PENDING", "DEAD", "NEXT", "LAST ERROR"];
    context.print(&table(headings, &rows), &reports.iter().map(object).collect())
}

async fn retry(context: &Context, tenant: &str) -> anyhow::Result<()> {
    let store = context.store(tenant).await?;
    let mut count = 0;
    for report in reports(context, tenant).await? {
        count += webhook::retry(&*store, &report.url).await?;
    }
    let text = format!("{count} events are put back");
    context.print(&text, &json!({ "tenant": tenant, "events": count }))
}

/// Splits pending deliveries into those that are retried and those that are dead.
fn split(report: &Report) -> (Vec<&PendingDelivery>, Vec<&PendingDelivery>) {
    report.pending.iter().partition(|delivery| !delivery.dead)
}

fn row(report: &Report) -> [String; 6] {
    let (pending, dead) = split(report);
    let next = pending.iter().map(|delivery| delivery.next).min();
    let last = report.pending.iter().filter(|delivery| delivery.attempts > 0);
    let last = last.max_by_key(|delivery| delivery.next);
    let dash = || "-".to_owned();
    [
        report.url.clone(),
        report.cursor.map_or_else(dash, |cursor| cursor.to_string()),
        pending.len().to_string(),
        dead.len().to_string(),
        date_or_dash(next),
        last.map_or_else(dash, |delivery| delivery.error.clone()),
    ]
}

fn object(report: &Report) -> Value {
    let delivery = |delivery: &&PendingDelivery| {
        json!({
            "sequence": delivery.sequence,
            "subject": delivery.subject,
            "attempts": delivery.attempts,
            "next": (!delivery.dead).then(|| seconds(delivery.next)),
            "error": delivery.error,
        })
    };
    let (pending, dead) = split(report);
    json!({
        "url": report.url,
        "cursor": report.cursor,
        "pending": pending.iter().map(delivery).collect::<Vec<_>>(),
        "dead": dead.iter().map(delivery).collect::<Vec<_>>(),
    })
}
