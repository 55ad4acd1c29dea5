//! Registers new webhooks. Deliveries begin after the change of the profile that added the webhook,
//! so that no event is lost while no host runs.

use std::collections::BTreeSet;

use super::state::{self, DeliveryState, Progress};
use crate::plugin::Webhook;
use crate::store::{EventLog, HostMetadata, RecordedEvent, Refusal, TenantStorage};

/// The name of the metadata entry with the sequence number up to which profile changes have been
/// seen.
const SEEN: &str = "webhooks-seen";
/// The most events of one page.
const PAGE: u32 = 1000;

/// Registers new webhooks, and deletes the state of removed ones. `head` is the sequence number of
/// the last event before the profile was read.
pub(super) async fn prepare(
    store: &dyn TenantStorage,
    webhooks: &[Webhook],
    head: u64,
) -> anyhow::Result<()> {
    forget(store, webhooks).await?;
    let kept = store.metadata(SEEN.to_owned()).await.map_err(failed)?;
    let kept = kept.into_iter().next().map(|(_, text)| text);
    let seen: u64 = kept.as_deref().and_then(|t| t.parse().ok()).unwrap_or(0);
    // A restored older copy may have fewer events.
    let seen = seen.min(head);
    let mut begin = None;
    for webhook in webhooks {
        if DeliveryState::open(store, &webhook.url).await?.is_some() {
            continue;
        }
        let cursor = match begin {
            Some(cursor) => cursor,
            None => *begin.insert(first_change(store, seen).await?),
        };
        let progress = Progress {
            url: webhook.url.clone(),
            cursor,
            owner: String::new(),
            until: 0,
            round: 0,
            exhausted: false,
            epoch: String::new(),
        };
        let name = state::progress_name(&state::id(&webhook.url));
        let change = (name.clone(), Some(state::text(&progress)?));
        // If another host was faster, it has written the same entry.
        store.set_metadata((name, None), vec![change]).await.map_err(failed)?;
    }
    let now = (SEEN.to_owned(), Some(head.to_string()));
    let guard = (SEEN.to_owned(), kept);
    store.set_metadata(guard, vec![now]).await.map_err(failed)?;
    Ok(())
}

/// Returns the sequence number of the first change of the webhooks after `seen`; `seen` if there is
/// none.
async fn first_change(store: &dyn EventLog, seen: u64) -> anyhow::Result<u64> {
    let mut after = seen;
    loop {
        let events = store.events(after, PAGE).await.map_err(failed)?;
        let Some(last) = events.last() else {
            return Ok(seen);
        };
        if let Some(change) = events.iter().find(|event| changes_webhooks(event)) {
            return Ok(change.sequence);
        }
        after = last.sequence;
    }
}

fn changes_webhooks(recorded: &RecordedEvent) -> bool {
    let event = &recorded.event;
    let body: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
    let mut attributes = body["attributes"].as_array().into_iter().flatten();
    event.name == "profile-changed" && attributes.any(|name| name == "webhooks")
}

async fn forget(store: &dyn HostMetadata, webhooks: &[Webhook]) -> anyhow::Result<()> {
    let wanted: BTreeSet<String> = webhooks.iter().map(|w| state::id(&w.url)).collect();
    let prefix = state::progress_name("");
    let all = store.metadata(prefix.clone()).await.map_err(failed)?;
    for (name, text) in all {
        let id = name.strip_prefix(&prefix).unwrap_or_default();
        if wanted.contains(id) {
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
