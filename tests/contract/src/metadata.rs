//! The host's own metadata, which the component does not see.

use std::sync::Arc;

use scimlet::store::{ChainHead, HostMetadata, MetadataEntry, Write};

use super::Tenants;
use super::kit::*;

fn some(name: &str, text: &str) -> MetadataEntry {
    (name.to_owned(), Some(text.to_owned()))
}

fn none(name: &str) -> MetadataEntry {
    (name.to_owned(), None)
}

async fn set(store: &dyn HostMetadata, guard: MetadataEntry, changes: Vec<MetadataEntry>) -> bool {
    let set = store.set_metadata(guard, changes).await;
    set.expect("set_metadata succeeds")
}

/// Names and texts of the metadata with a prefix.
async fn named_with(store: &dyn HostMetadata, prefix: &str) -> Vec<(String, String)> {
    let found = store.metadata(prefix.to_owned()).await;
    found.expect("metadata succeeds")
}

pub async fn names_are_found_by_prefix(tenants: Arc<dyn Tenants>) {
    let store = tenants.fresh().await;
    let texts = [("a/2", "x"), ("a/1", "\u{1F600}"), ("a", ""), ("b%", "y"), ("A/1", "z")];
    let changes = texts.iter().map(|(name, text)| some(name, text)).collect();
    assert!(set(&*store, none("a"), changes).await);
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let below = [pair("a/1", "\u{1F600}"), pair("a/2", "x")];
    assert_eq!(named_with(&*store, "a/").await, below);
    assert_eq!(named_with(&*store, "b%").await, [pair("b%", "y")]);
    assert_eq!(named_with(&*store, "%").await, []);
    assert_eq!(named_with(&*store, "").await.len(), 5);
    assert_eq!(named_with(&*tenants.fresh().await, "").await, []);
}

pub async fn changes_are_guarded(tenants: Arc<dyn Tenants>) {
    let store = tenants.fresh().await;
    assert!(!set(&*store, some("g", "1"), vec![some("a", "x")]).await);
    assert!(set(&*store, none("g"), vec![some("g", "1"), some("a", "x")]).await);
    for stale in [none("g"), some("g", "2")] {
        let changes = vec![none("g"), some("a", "y"), some("b", "y")];
        assert!(!set(&*store, stale, changes).await);
    }
    let changes = vec![some("g", "2"), none("a"), none("absent")];
    assert!(set(&*store, some("g", "1"), changes).await);
    assert_eq!(named_with(&*store, "").await, [("g".to_owned(), "2".to_owned())]);
}

/// Of many writers that expect the same entry to be absent, one sets it.
pub async fn one_of_many_sets_an_entry(tenants: Arc<dyn Tenants>) {
    let store = tenants.fresh().await;
    let takers = (0..20).map(|taker: u32| {
        let store = store.clone();
        tokio::spawn(
            async move { set(&*store, none("g"), vec![some("g", &taker.to_string())]).await },
        )
    });
    let takers: Vec<_> = takers.collect();
    let mut taken = 0;
    for taker in takers {
        taken += u32::from(taker.await.expect("it does not panic"));
    }
    assert_eq!(taken, 1);
}

pub async fn metadata_is_apart_from_entries(tenants: Arc<dyn Tenants>) {
    let store = tenants.fresh().await;
    commit(&*store, vec![insert(named("1", "bo")), Write::Redact(user("1"))]).await;
    assert!(set(&*store, none("g"), vec![some("g", "1")]).await);
    assert_eq!(version(&*store, user("1")).await, 1);
    assert_eq!(store.head().await, Ok(ChainHead::START));
}
