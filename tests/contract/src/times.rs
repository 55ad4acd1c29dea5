//! Times of commits: they never go back within a tenant, whatever the clock does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scimlet::store::{Committed, Store, Write};
use tokio::task::JoinSet;

use super::Stores;
use super::kit::*;

/// An hour in milliseconds.
const HOUR: u64 = 3_600_000;

/// The readings of a clock that goes back, stands still and goes ahead, one for each commit.
const CLOCK: [u64; 7] = [AT, AT - HOUR, AT - HOUR, AT, AT + HOUR, AT, AT + 2 * HOUR];

async fn done(store: &dyn Store, at: u64, writes: Vec<Write>) -> Committed {
    let done = store.commit(at, "tester".into(), writes).await;
    done.expect("the commit succeeds")
}

fn created(id: &str) -> Vec<Write> {
    vec![insert(plain(user(id))), append("created")]
}

pub async fn times_never_go_back(stores: Arc<dyn Stores>) {
    let (store, other) = (stores.fresh().await, stores.fresh().await);
    done(&*other, AT + 9 * HOUR, vec![append("elsewhere")]).await;
    let mut times = Vec::new();
    for (number, at) in CLOCK.into_iter().enumerate() {
        times.push(done(&*store, at, created(&number.to_string())).await.at);
    }
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let told = [AT, AT + HOUR, AT + 2 * HOUR];
    assert_eq!([times[0], times[4], times[6]], told, "where nothing is newer");
    assert!(times[3] < AT + HOUR && times[5] < AT + 2 * HOUR, "{times:?}");
}

pub async fn a_time_is_the_same_everywhere(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    done(&*store, AT, vec![insert(plain(group("g"))), append("x")]).await;
    for (number, at) in CLOCK.into_iter().enumerate() {
        let id = number.to_string();
        let mut writes = created(&id);
        writes.extend([link(group("g"), user(&id)), append("changed")]);
        let at = done(&*store, at, writes).await.at;
        let made = get(&*store, user(&id)).await.expect("it is there");
        assert_eq!((made.created, made.modified), (at, at));
        let group = get(&*store, group("g")).await.expect("it is there");
        assert_eq!((group.created, group.modified), (AT, at));
    }
}

/// Eight writers with clocks of their own, and a reader who looks for what is later than all that
/// it has seen.
pub async fn who_has_read_finds_all_that_is_later(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..25 {
                done(&*store, AT - writer * HOUR, created(&format!("{writer}/{round}"))).await;
            }
        });
    }
    let over = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(follow(store.clone(), over.clone()));
    writers.join_all().await;
    over.store(true, Ordering::SeqCst);
    reader.await.expect("the reader does not panic");
}

async fn follow(store: Arc<dyn Store>, over: Arc<AtomicBool>) {
    let (mut seen, mut newest) = (BTreeSet::new(), 0);
    loop {
        let last_look = over.load(Ordering::SeqCst);
        let page = store.find(query(Vec::new())).await.expect("find succeeds");
        let new = page.hits.into_iter().map(|hit| hit.entry);
        let new: Vec<_> = new.filter(|entry| seen.insert(entry.key.id.clone())).collect();
        for entry in &new {
            assert!(entry.modified > newest, "{} was passed over", entry.key.id);
        }
        newest = new.iter().map(|entry| entry.modified).fold(newest, u64::max);
        if last_look {
            assert_eq!(seen.len(), 8 * 25);
            return;
        }
        tokio::task::yield_now().await;
    }
}
