//! What the guest does not see: where the events end, and the host's own memos.

use std::sync::Arc;

use scimlet::store::{ChainHead, MetadataEntry, Store, Write};

use super::Stores;
use super::kit::*;

fn memo(name: &str, text: &str) -> MetadataEntry {
    (name.to_owned(), Some(text.to_owned()))
}

fn nothing(name: &str) -> MetadataEntry {
    (name.to_owned(), None)
}

async fn set(store: &dyn Store, guard: MetadataEntry, changes: Vec<MetadataEntry>) -> bool {
    let set = store.set_metadata(guard, changes).await;
    set.expect("set_memos succeeds")
}

/// Names and texts of the memos with a prefix.
async fn memos(store: &dyn Store, prefix: &str) -> Vec<(String, String)> {
    let memos = store.metadata(prefix.to_owned()).await;
    memos.expect("memos succeeds")
}

async fn head(store: &dyn Store) -> ChainHead {
    store.head().await.expect("head succeeds")
}

pub async fn the_head_is_the_last_event(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    assert_eq!(head(&*store).await, ChainHead::START);
    commit(&*store, vec![append("a"), append("b")]).await;
    commit(&*store, vec![adjust("n", 1, None)]).await;
    refused(&*store, vec![append("c"), remove(user("absent"))]).await;
    let events = store.events(0, 9).await.expect("events succeeds");
    let last = events.last().expect("there are events");
    let (sequence, digest) = (last.sequence, last.digest);
    assert_eq!(head(&*store).await, ChainHead { sequence, digest });
}

pub async fn memos_are_found_by_prefix(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    let texts = [("a/2", "x"), ("a/1", "\u{1F600}"), ("a", ""), ("b%", "y"), ("A/1", "z")];
    let changes = texts.iter().map(|(name, text)| memo(name, text)).collect();
    assert!(set(&*store, nothing("a"), changes).await);
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let below = [pair("a/1", "\u{1F600}"), pair("a/2", "x")];
    assert_eq!(memos(&*store, "a/").await, below);
    assert_eq!(memos(&*store, "b%").await, [pair("b%", "y")]);
    assert_eq!(memos(&*store, "%").await, []);
    assert_eq!(memos(&*store, "").await.len(), 5);
    assert_eq!(memos(&*stores.fresh().await, "").await, []);
}

pub async fn memos_are_guarded(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    assert!(!set(&*store, memo("g", "1"), vec![memo("a", "x")]).await);
    assert!(set(&*store, nothing("g"), vec![memo("g", "1"), memo("a", "x")]).await);
    for stale in [nothing("g"), memo("g", "2")] {
        let changes = vec![nothing("g"), memo("a", "y"), memo("b", "y")];
        assert!(!set(&*store, stale, changes).await);
    }
    let changes = vec![memo("g", "2"), nothing("a"), nothing("absent")];
    assert!(set(&*store, memo("g", "1"), changes).await);
    assert_eq!(memos(&*store, "").await, [("g".to_owned(), "2".to_owned())]);
}

/// Of many who take the same thing one gets it.
pub async fn one_of_many_sets_a_memo(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    let takers = (0..20).map(|taker: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            set(&*store, nothing("g"), vec![memo("g", &taker.to_string())]).await
        })
    });
    let takers: Vec<_> = takers.collect();
    let mut taken = 0;
    for taker in takers {
        taken += u32::from(taker.await.expect("it does not panic"));
    }
    assert_eq!(taken, 1);
}

pub async fn memos_are_apart_from_entries(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    commit(&*store, vec![insert(named("1", "bo")), Write::Redact(user("1"))]).await;
    assert!(set(&*store, nothing("g"), vec![memo("g", "1")]).await);
    assert_eq!(version(&*store, user("1")).await, 1);
    assert_eq!(head(&*store).await, ChainHead::START);
}
