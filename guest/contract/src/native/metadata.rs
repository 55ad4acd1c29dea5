//! The host's own metadata, which the component does not see.

use std::sync::Arc;

use scimlet::store::{HostMetadata, MetadataEntry};
use scimlet_store::{ChainHead, Write};

use super::{Tenants, ended};
use crate::broken::{Checked, OrBroken, check, check_eq};
use crate::kit::*;

fn some(name: &str, text: &str) -> MetadataEntry {
    (name.to_owned(), Some(text.to_owned()))
}

fn none(name: &str) -> MetadataEntry {
    (name.to_owned(), None)
}

async fn set(
    store: &dyn HostMetadata,
    guard: MetadataEntry,
    changes: Vec<MetadataEntry>,
) -> Checked<bool> {
    let set = store.set_metadata(guard, changes).await;
    set.or_broken("set_metadata succeeds")
}

/// Names and texts of the metadata with a prefix.
async fn named_with(store: &dyn HostMetadata, prefix: &str) -> Checked<Vec<(String, String)>> {
    let found = store.metadata(prefix.to_owned()).await;
    found.or_broken("metadata succeeds")
}

pub async fn names_are_found_by_prefix(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    let texts = [("a/2", "x"), ("a/1", "\u{1F600}"), ("a", ""), ("b%", "y"), ("A/1", "z")];
    let changes = texts.iter().map(|(name, text)| some(name, text)).collect();
    check!(set(&*store, none("a"), changes).await?);
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let below = [pair("a/1", "\u{1F600}"), pair("a/2", "x")];
    check_eq!(named_with(&*store, "a/").await?, below);
    check_eq!(named_with(&*store, "b%").await?, [pair("b%", "y")]);
    check_eq!(named_with(&*store, "%").await?, []);
    check_eq!(named_with(&*store, "").await?.len(), 5);
    check_eq!(named_with(&*tenants.fresh().await?, "").await?, []);
    Ok(())
}

pub async fn changes_are_guarded(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    check!(!set(&*store, some("g", "1"), vec![some("a", "x")]).await?);
    check!(set(&*store, none("g"), vec![some("g", "1"), some("a", "x")]).await?);
    for stale in [none("g"), some("g", "2")] {
        let changes = vec![none("g"), some("a", "y"), some("b", "y")];
        check!(!set(&*store, stale, changes).await?);
    }
    let changes = vec![some("g", "2"), none("a"), none("absent")];
    check!(set(&*store, some("g", "1"), changes).await?);
    check_eq!(named_with(&*store, "").await?, [("g".to_owned(), "2".to_owned())]);
    Ok(())
}

/// Only one of many writers sets an entry that all of them expect to be absent.
pub async fn one_of_many_sets_an_entry(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    let takers = (0..20).map(|taker: u32| {
        let store = store.clone();
        tokio::spawn(
            async move { set(&*store, none("g"), vec![some("g", &taker.to_string())]).await },
        )
    });
    let takers: Vec<_> = takers.collect();
    let mut taken = 0;
    for taker in takers {
        taken += u32::from(ended(taker).await?);
    }
    check_eq!(taken, 1);
    Ok(())
}

pub async fn metadata_is_apart_from_entries(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), Write::Redact(user("1"))]).await?;
    check!(set(&*store, none("g"), vec![some("g", "1")]).await?);
    check_eq!(version(&*store, user("1")).await?, 1);
    check_eq!(store.head().await, Ok(ChainHead::START));
    Ok(())
}
