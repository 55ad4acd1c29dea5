//! The operator's view of a tenant's webhooks, and retrying deliveries.

use super::now;
use super::state::{DeliveryState, PendingDelivery, Progress, pending_name, text};
use crate::plugin::Webhook;
use crate::store::HostMetadata;

/// The progress of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The webhook's URL.
    pub url: String,
    /// Each event up to this sequence number is delivered, not wanted, or pending. `None` until a
    /// server has registered the webhook.
    pub cursor: Option<u64>,
    /// Events that are not delivered yet, including dead ones, in order of their numbers.
    pub pending: Vec<PendingDelivery>,
}

/// Returns a report for each of a tenant's webhooks.
///
/// # Errors
/// If the store fails.
pub async fn report(store: &dyn HostMetadata, webhooks: &[Webhook]) -> anyhow::Result<Vec<Report>> {
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

/// Resets all dead deliveries of a webhook, to be tried as if they were new. Returns how many there
/// were.
///
/// # Errors
/// If the store fails.
pub async fn retry(store: &dyn HostMetadata, url: &str) -> anyhow::Result<usize> {
    loop {
        let Some(mut state) = DeliveryState::open(store, url).await? else {
            return Ok(0);
        };
        let mut changes = Vec::new();
        for delivery in state.pending(store).await?.into_values().filter(|l| l.dead) {
            let name = pending_name(&state.id, delivery.sequence);
            let alive =
                PendingDelivery { attempts: 0, first: 0, next: now(), dead: false, ..delivery };
            changes.push((name, Some(text(&alive)?)));
        }
        let count = changes.len();
        let progress =
            Progress { round: state.progress.round.saturating_add(1), ..state.progress.clone() };
        // A worker may write at the same time; then this tries again.
        if count == 0 || state.write(store, progress, changes).await? {
            return Ok(count);
        }
    }
}
