//! The operator's view of a tenant's webhooks, and retrying deliveries.

use super::state::{DeliveryState, PendingDelivery, Progress, pending_name, text};
use crate::clock::now;
use crate::plugin::Webhook;
use crate::store::HostMetadata;

/// The progress of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The webhook's URL.
    pub url: String,
    /// Each event up to this sequence number is delivered, not wanted, or pending. `None` until a
    /// server has registered the webhook.
    pub cursor: Option<u64>,
    /// Events that are not delivered yet, including dead ones, in order of their numbers.
    pub pending: Vec<PendingDelivery>,
}

/// The state of a tenant's webhooks could not be read or written: the store failed, or holds what
/// this version does not understand.
#[derive(Debug, thiserror::Error)]
#[error("the state of the webhooks: {0:#}")]
pub struct StateError(anyhow::Error);

/// Returns a report for each of a tenant's webhooks.
///
/// # Errors
/// If the state of a webhook cannot be read.
pub async fn report(
    store: &dyn HostMetadata,
    webhooks: &[Webhook],
) -> Result<Vec<Report>, StateError> {
    reports(store, webhooks).await.map_err(StateError)
}

async fn reports(store: &dyn HostMetadata, webhooks: &[Webhook]) -> anyhow::Result<Vec<Report>> {
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
/// If the state of the webhook cannot be read or written.
pub async fn retry(store: &dyn HostMetadata, url: &str) -> Result<usize, StateError> {
    reset(store, url).await.map_err(StateError)
}

async fn reset(store: &dyn HostMetadata, url: &str) -> anyhow::Result<usize> {
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
