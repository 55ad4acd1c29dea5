//! Registers new webhooks. The plugin says since when each is in the profile; deliveries begin
//! there, so that no event is lost while no host runs.

use super::state::{self, DeliveryState, Progress};
use crate::plugin::Webhook;
use crate::store::{Epoch, HostMetadata, Refusal, TenantStorage};

/// The name of the metadata entry in which earlier versions wrote the sequence number up to which
/// all webhooks were registered. For a webhook that was added then, the plugin knows no exact time;
/// if it is not registered, it was added after this number.
const REGISTERED: &str = "webhooks-seen";

/// Registers a tenant's new webhooks, and deletes the state of removed ones. A webhook whose state
/// cannot be read is reported in the log, and keeps no other from being registered.
pub(super) async fn prepare(
    tenant: &str,
    store: &dyn TenantStorage,
    webhooks: &[Webhook],
) -> anyhow::Result<()> {
    forget(store, webhooks).await?;
    for webhook in webhooks {
        if let Err(error) = register(store, webhook).await {
            tracing::error!(tenant, url = webhook.url, "webhook not registered: {error:#}");
        }
    }
    Ok(())
}

/// Registers a webhook if it is new. One that an earlier version registered gets its time.
async fn register(store: &dyn TenantStorage, webhook: &Webhook) -> anyhow::Result<()> {
    while let Some(mut state) = DeliveryState::open(store, &webhook.url).await? {
        let progress = Progress { since: webhook.since, ..state.progress.clone() };
        if state.progress.since != 0 || state.write(store, progress, Vec::new()).await? {
            return Ok(());
        }
    }
    // Read before the cursor: if an older copy is restored in between, the worker notices.
    let epoch = Epoch::of(store).await.map_err(failed)?.id;
    let progress = Progress {
        url: webhook.url.clone(),
        since: webhook.since,
        cursor: last_before(store, webhook.since).await?,
        owner: String::new(),
        until: 0,
        round: 0,
        exhausted: false,
        epoch,
    };
    let name = state::progress_name(&state::id(&webhook.url));
    let change = (name.clone(), Some(state::text(&progress)?));
    // If another host was faster, it has written the same entry.
    store.set_metadata((name, None), vec![change]).await.map_err(failed)?;
    Ok(())
}

/// Returns the sequence number of the last event that a webhook which was added at the time `since`
/// is not sent. Events are in order of their times, and numbered without gaps.
async fn last_before(store: &dyn TenantStorage, since: u64) -> anyhow::Result<u64> {
    let head = store.head().await.map_err(failed)?.sequence;
    let (mut before, mut end) = (0, head);
    while before < end {
        let middle = before + (end - before).div_ceil(2);
        let found = store.events(middle - 1, 1).await.map_err(failed)?;
        match found.first() {
            Some(event) if event.at < since => before = middle,
            _ => end = middle - 1,
        }
    }
    let registered = store.metadata(REGISTERED.to_owned()).await.map_err(failed)?;
    let registered = registered.first().and_then(|(_, number)| number.parse().ok());
    // A restored older copy may have fewer events.
    Ok(before.max(registered.unwrap_or(0).min(head)))
}

/// Deletes the state of webhooks that are not in the profile, or were removed and added again.
async fn forget(store: &dyn HostMetadata, webhooks: &[Webhook]) -> anyhow::Result<()> {
    let prefix = state::progress_name("");
    for (name, text) in store.metadata(prefix.clone()).await.map_err(failed)? {
        let id = name.strip_prefix(&prefix).unwrap_or_default();
        // Another host may have read a later profile, and registered what was added again there.
        let is_current = |webhook: &Webhook| match state::parse::<Progress>(&text) {
            Ok(progress) => progress.since == 0 || progress.since >= webhook.since,
            // Nobody knows what is delivered, until the webhook is removed.
            Err(_) => true,
        };
        let is_its = |webhook: &&Webhook| state::id(&webhook.url) == id;
        if webhooks.iter().find(is_its).is_some_and(is_current) {
            continue;
        }
        let deliveries = store.metadata(state::pending_prefix(id)).await.map_err(failed)?;
        let mut changes: Vec<_> = deliveries.into_iter().map(|(name, _)| (name, None)).collect();
        changes.push((name.clone(), None));
        store.set_metadata((name, Some(text)), changes).await.map_err(failed)?;
    }
    Ok(())
}

pub(super) fn failed(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("the store refused: {refusal:?}")
}
