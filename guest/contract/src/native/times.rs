//! Times of commits that run at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Store;
use tokio::task::JoinSet;

use super::{ended, joined};
use crate::Stores;
use crate::broken::{Checked, OrBroken, check, check_eq};
use crate::kit::*;
use crate::times::{HOUR, created, done};

/// Eight writers with clocks of their own, and a reader who looks for what is later than all that
/// it has seen.
pub async fn who_has_read_finds_all_that_is_later(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..25 {
                done(&*store, AT - writer * HOUR, created(&format!("{writer}/{round}"))).await?;
            }
            Checked::Ok(())
        });
    }
    let over = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(follow(store.clone(), over.clone()));
    joined(writers).await?;
    over.store(true, Ordering::SeqCst);
    ended(reader).await
}

async fn follow(store: Arc<dyn Store>, over: Arc<AtomicBool>) -> Checked {
    let (mut seen, mut newest) = (BTreeSet::new(), 0);
    loop {
        let last_look = over.load(Ordering::SeqCst);
        let page = store.find(query(Vec::new())).await.or_broken("find succeeds")?;
        let new = page.hits.into_iter().map(|hit| hit.entry);
        let new: Vec<_> = new.filter(|entry| seen.insert(entry.key.id.clone())).collect();
        for entry in &new {
            check!(entry.modified > newest, "{} was passed over", entry.key.id);
        }
        newest = new.iter().map(|entry| entry.modified).fold(newest, u64::max);
        if last_look {
            check_eq!(seen.len(), 8 * 25);
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
