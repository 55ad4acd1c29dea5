//! Registers new webhooks. The plugin says since when each is in the profile; deliveries begin
//! there, so that no event is lost while no host runs.

use super::state::{self, DeliveryState, Progress};
use crate::plugin::Webhook;
use crate::store::{ChainHead, Epoch, Refusal, TenantStorage};

/// The name of the metadata entry in which earlier versions wrote the sequence number up to which
/// all webhooks were registered. For a webhook that was added then, the plugin knows no exact time;
/// if it is not registered, it was added after this number.
const REGISTERED: &str = "webhooks-seen";

/// Registers a tenant's new webhooks, and forgets removed ones. `read` is the tenant's last event
/// before the list was read; another host may have read a later list, and what it registered or
/// forgot stands. Returns the webhooks to serve: one whose state cannot be read is reported in the
/// log, and keeps no other from being served.
pub(super) async fn prepare(
    tenant: &str,
    store: &dyn TenantStorage,
    webhooks: Vec<Webhook>,
    read: &ChainHead,
) -> anyhow::Result<Vec<Webhook>> {
    forget(store, &webhooks, read).await?;
    let mut registered = Vec::new();
    for webhook in webhooks {
        match register(store, &webhook).await {
            Ok(true) => registered.push(webhook),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(tenant, url = webhook.url, "webhook not registered: {error:#}");
            }
        }
    }
    Ok(registered)
}

/// Registers a webhook if it is new. One that an earlier version registered gets its time. Returns
/// `false` for one that another host has found removed since.
async fn register(store: &dyn TenantStorage, webhook: &Webhook) -> anyhow::Result<bool> {
    loop {
        let found = DeliveryState::find(store, &webhook.url).await?;
        let written = match found {
            Some(state) if state.progress.removed && webhook.since <= state.progress.since => {
                return Ok(false);
            }
            Some(mut state) if state.progress.removed => {
                let progress = begin(store, webhook).await?;
                state.write(store, progress, Vec::new()).await?
            }
            Some(mut state) if state.progress.since == 0 => {
                let progress = Progress { since: webhook.since, ..state.progress.clone() };
                state.write(store, progress, Vec::new()).await?
            }
            Some(_) => return Ok(true),
            None => {
                let name = state::progress_name(&state::id(&webhook.url));
                let change = (name.clone(), Some(state::text(&begin(store, webhook).await?)?));
                store.set_metadata((name, None), vec![change]).await.map_err(failed)?
            }
        };
        // Another host may write at the same time; then this looks again.
        if written {
            return Ok(true);
        }
    }
}

/// Returns the progress of a new webhook.
async fn begin(store: &dyn TenantStorage, webhook: &Webhook) -> anyhow::Result<Progress> {
    // Read before the cursor: if an older copy is restored in between, the worker notices.
    let epoch = Epoch::of(store).await.map_err(failed)?.id;
    let cursor = last_before(store, webhook.since).await?;
    Ok(Progress { cursor, epoch, ..Progress::new(&webhook.url, webhook.since) })
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

/// Deletes the state of webhooks that are not in the profile, or were removed and added again. What
/// is left of one says so, to hosts that have read an earlier list.
async fn forget(
    store: &dyn TenantStorage,
    webhooks: &[Webhook],
    read: &ChainHead,
) -> anyhow::Result<()> {
    let prefix = state::progress_name("");
    for (name, text) in store.metadata(prefix.clone()).await.map_err(failed)? {
        let id = name.strip_prefix(&prefix).unwrap_or_default();
        let wanted = webhooks.iter().find(|webhook| state::id(&webhook.url) == id);
        let left = match (state::parse::<Progress>(&text), wanted) {
            (Ok(progress), _) if progress.removed => continue,
            // Nobody knows what is delivered, until the webhook is removed.
            (Err(_), Some(_)) => continue,
            (Err(_), None) => None,
            (Ok(progress), Some(webhook)) => {
                if progress.since == 0 || progress.since >= webhook.since {
                    continue;
                }
                Some(Progress::removed(&progress.url, progress.since))
            }
            (Ok(progress), None) => {
                let read = time(store, read).await?;
                if progress.since > read {
                    continue;
                }
                Some(Progress::removed(&progress.url, read))
            }
        };
        let left = left.as_ref().map(state::text).transpose()?;
        let deliveries = store.metadata(state::pending_prefix(id)).await.map_err(failed)?;
        let mut changes: Vec<_> = deliveries.into_iter().map(|(name, _)| (name, None)).collect();
        changes.push((name.clone(), left));
        store.set_metadata((name, Some(text)), changes).await.map_err(failed)?;
    }
    Ok(())
}

/// Returns the time of an event in milliseconds since 1970; 0 before the first.
async fn time(store: &dyn TenantStorage, event: &ChainHead) -> anyhow::Result<u64> {
    let Some(before) = event.sequence.checked_sub(1) else {
        return Ok(0);
    };
    let found = store.events(before, 1).await.map_err(failed)?;
    Ok(found.first().map_or(0, |event| event.at))
}

pub(super) fn failed(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("the store refused: {refusal:?}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::memory::Memory;
    use crate::store::{Channel, Database as _, Event, Write};

    const URL: &str = "https://example.com/hook";

    fn webhook(since: u64) -> Webhook {
        let (secret, events) = (String::new(), Vec::new());
        Webhook { url: URL.to_owned(), secret, events, retry_seconds: 60, since }
    }

    /// A tenant with an event at each of these times.
    async fn tenant(times: &[u64]) -> Arc<dyn TenantStorage> {
        let database = Memory::exact();
        database.create_tenant("acme", 0).await.expect("it is made");
        let store = database.open("acme").await.expect("it opens").expect("it is there");
        for at in times {
            let (channel, name, body) = (Channel::Feed, "tested".to_owned(), "{}".to_owned());
            let event = Event { channel, name, subject: None, body };
            let commit = store.commit(*at, "test".to_owned(), vec![Write::Append(event)]).await;
            assert_eq!(commit.expect("it is committed").at, *at);
        }
        store
    }

    async fn served(store: &dyn TenantStorage, list: &[Webhook], read: u64) -> usize {
        let read = ChainHead { sequence: read, ..ChainHead::START };
        prepare("acme", store, list.to_vec(), &read).await.expect("the store works").len()
    }

    async fn cursor(store: &dyn TenantStorage) -> Option<u64> {
        let state = DeliveryState::open(store, URL).await.expect("it is read");
        state.map(|state| state.progress.cursor)
    }

    #[tokio::test]
    async fn an_earlier_list_brings_back_no_removed_webhook() {
        let store = tenant(&[10, 20, 30, 40]).await;
        assert_eq!(served(&*store, &[webhook(10)], 1).await, 1);
        assert_eq!(served(&*store, &[], 3).await, 0);
        assert_eq!(served(&*store, &[webhook(10)], 2).await, 0, "another host is late");
        assert_eq!(cursor(&*store).await, None);
        assert_eq!(served(&*store, &[webhook(40)], 4).await, 1, "it was added again");
        assert_eq!(cursor(&*store).await, Some(3));
    }

    #[tokio::test]
    async fn an_earlier_list_forgets_no_new_webhook() {
        let store = tenant(&[10, 20, 30]).await;
        assert_eq!(served(&*store, &[webhook(20)], 2).await, 1);
        assert_eq!(served(&*store, &[], 1).await, 0, "another host is late");
        assert_eq!(cursor(&*store).await, Some(1));
        assert_eq!(served(&*store, &[], 3).await, 0);
        assert_eq!(cursor(&*store).await, None);
    }
}
