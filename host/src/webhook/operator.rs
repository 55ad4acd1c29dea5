//! What an operator sees of a tenant's webhooks, and can do.

use super::now;
use super::state::{DeliveryState, PendingDelivery, Progress, pending_name, text};
use crate::plugin::Webhook;
use crate::store::Store;

/// How a webhook gets on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it is.
    pub url: String,
    /// Of the events up to this number each is delivered, of no interest, or one of the deliveries. `None` until a server has seen
    /// the webhook.
    pub cursor: Option<u64>,
    /// Events that are not delivered yet, dead ones included, by number.
    pub pending: Vec<PendingDelivery>,
}

/// A report on each of a tenant's webhooks.
///
/// # Errors
/// If the store fails.
pub async fn report(store: &dyn Store, webhooks: &[Webhook]) -> anyhow::Result<Vec<Report>> {
    let mut reports = Vec::new();
    for webhook in webhooks {
        let state = DeliveryState::open(store, &webhook.url).await?;
        let deliveries = match &state {
            Some(state) => state.pending(store).await?.into_values().collect(),
            None => Vec::new(),
        };
        reports.push(Report {
            url: webhook.url.clone(),
            cursor: state.map(|state| state.progress.cursor),
            pending: deliveries,
        });
    }
    Ok(reports)
}

/// Puts all dead deliveries of a webhook back, to be tried as if they were new; how many there were.
///
/// # Errors
/// If the store fails.
pub async fn retry(store: &dyn Store, url: &str) -> anyhow::Result<usize> {
    loop {
        let Some(mut state) = DeliveryState::open(store, url).await? else {
            return Ok(0);
        };
        let mut changes = Vec::new();
        for delivery in state.pending(store).await?.into_values().filter(|l| l.dead) {
            let name = pending_name(&state.id, delivery.sequence);
            let alive = PendingDelivery {
                attempts: 0,
                first: 0,
                next: now(),
                dead: false,
                ..delivery
            };
            changes.push((name, Some(text(&alive)?)));
        }
        let count = changes.len();
        let progress = Progress {
            round: state.progress.round.saturating_add(1),
            ..state.progress.clone()
        };
        // A worker writes often; in between there is a moment for this.
        if count == 0 || state.write(store, progress, changes).await? {
            return Ok(count);
        }
    }
}
