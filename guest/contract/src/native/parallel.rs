//! The guarantees of commits that run at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Store;
use scimlet::store::TenantStorage;
use scimlet_store::{Committed, Draft, Entry, Key, Query, Refusal, Rejection, Window, Write};
use tokio::task::JoinSet;

use super::{Tenants, ended, joined};
use crate::Stores;
use crate::broken::{Checked, OrBroken, check, check_eq};
use crate::kit::*;

type Outcome = Result<Committed, Rejection>;

/// Commits all at once; the outcomes in no order.
async fn together(store: &Arc<dyn Store>, commits: Vec<Vec<Write>>) -> Vec<Outcome> {
    let mut tasks = JoinSet::new();
    for writes in commits {
        let store = store.clone();
        tasks.spawn(async move { store.commit(AT, "tester".into(), writes).await });
    }
    tasks.join_all().await
}

pub async fn a_hundred_links_to_one_group(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let ids: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let mut writes: Vec<Write> = ids.iter().map(|id| insert(plain(user(id)))).collect();
    writes.push(insert(plain(group("g"))));
    commit(&*store, writes).await?;
    let commits = ids.iter().map(|id| vec![link(group("g"), user(id)), append("linked")]).collect();
    let outcomes = together(&store, commits).await;
    let versions: BTreeSet<u64> = outcomes
        .into_iter()
        .map(|outcome| Ok(outcome.or_broken("nobody is refused")?.versions[0].1))
        .collect::<Checked<_>>()?;
    check_eq!(versions, (2..=101).collect(), "each link is a version");
    check_eq!(version(&*store, group("g")).await?, 101);
    let members = linked_ids(&*store, group("g"), scimlet_store::Direction::Outgoing, 1000).await?;
    check_eq!(members.len(), 100);
    Ok(())
}

pub async fn a_hundred_inserts_of_one_unique_term(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let commits =
        (0..100).map(|number: u32| vec![insert(named(&number.to_string(), "bo"))]).collect();
    let mut winners = 0;
    for outcome in together(&store, commits).await {
        match outcome {
            Ok(_) => winners += 1,
            Err(rejection) => check_eq!(rejection.reason, taken("userName")),
        }
    }
    check_eq!(winners, 1);
    let found =
        store.find(query(vec![equal("userName", "bo")])).await.or_broken("find succeeds")?;
    check_eq!(found.hits.len(), 1);
    Ok(())
}

pub async fn the_last_free_seat(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("seats", 9, Some(10))]).await?;
    let seat =
        |number: u32| vec![insert(plain(user(&number.to_string()))), adjust("seats", 1, Some(10))];
    let outcomes = together(&store, (0..64).map(seat).collect()).await;
    check_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let over = Refusal::OverCeiling("seats".into());
    for refused in outcomes.into_iter().filter_map(Result::err) {
        check_eq!((refused.write, &refused.reason), (1, &over));
    }
    check_eq!(counter(&*store, "seats").await?, 10);
    check_eq!(store.find(query(Vec::new())).await.or_broken("find succeeds")?.total, Some(1));
    Ok(())
}

pub async fn numbers_follow_the_order_of_commits(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..25 {
                let name = format!("{writer}/{round}");
                commit(&*store, vec![append(&name), append(&name)]).await?;
            }
            Checked::Ok(())
        });
    }
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(poll(store.clone(), done.clone()));
    joined(writers).await?;
    done.store(true, Ordering::SeqCst);
    let seen = ended(reader).await?;
    check_eq!(seen.len(), 8 * 25 * 2);
    // The two events of a commit follow each other, and a writer's commits come in their order.
    check!(seen.chunks(2).all(|pair| pair[0] == pair[1]));
    for writer in 0..8 {
        let prefix = format!("{writer}/");
        let rounds: Vec<u32> =
            seen.chunks(2).filter_map(|pair| pair[0].strip_prefix(&prefix)?.parse().ok()).collect();
        check_eq!(rounds, (0..25).collect::<Vec<_>>());
    }
    Ok(())
}

/// The names of all events as they appear, read a few at a time; a gap is an error.
async fn poll(store: Arc<dyn TenantStorage>, done: Arc<AtomicBool>) -> Checked<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let last_look = done.load(Ordering::SeqCst);
        let events = store.events(names.len() as u64, 7).await.or_broken("events succeeds")?;
        let nothing_new = events.is_empty();
        for recorded in events {
            check_eq!(recorded.sequence, names.len() as u64 + 1, "no gap, nothing smaller later");
            names.push(recorded.event.name);
        }
        if last_look && nothing_new {
            return Ok(names);
        }
        tokio::task::yield_now().await;
    }
}

fn credential() -> Key {
    key("$credential", "k")
}

/// Commits many requests that expect the credential, and among them its revocation, all at once.
/// Returns how many succeeded; the others are refused because of the credential.
async fn revoke_meanwhile(
    store: &Arc<dyn Store>,
    request: &[Write],
    revoked: Write,
) -> Checked<usize> {
    commit(&**store, vec![insert(plain(credential()))]).await?;
    let mut commits = vec![request.to_vec(); 60];
    commits.insert(30, vec![replace(plain(credential()), 1), revoked]);
    let outcomes = together(store, commits).await;
    let stale = Refusal::Stale(credential());
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        check_eq!((refused.write, &refused.reason), (0, &stale));
    }
    check_eq!(refused(&**store, request.to_vec()).await?, (0, stale));
    Ok(outcomes.iter().filter(|outcome| outcome.is_ok()).count())
}

/// The revocation sets a counter to 0, which everything after it would raise.
pub async fn expectations_hold_until_the_commit(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let request = [expect(credential(), 1), adjust("done", 1, None)];
    revoke_meanwhile(&store, &request, adjust("done", i64::MIN, None)).await?;
    check_eq!(counter(&*store, "done").await?, 0);
    Ok(())
}

/// Of several reasons the one of the earliest write counts, also if another commit has filled the
/// counter in the meantime.
pub async fn a_ceiling_hides_no_earlier_refusal(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let request = [expect(credential(), 1), adjust("done", 1, Some(100))];
    revoke_meanwhile(&store, &request, adjust("done", 100, None)).await?;
    let seat = vec![insert(plain(user("1"))), adjust("seats", 1, Some(1))];
    let outcomes = together(&store, vec![seat; 64]).await;
    check_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        check_eq!((refused.write, refused.reason), (0, taken("id")));
    }
    Ok(())
}

pub async fn no_event_follows_a_revocation(tenants: Arc<dyn Tenants>) -> Checked {
    let tenant = tenants.fresh().await?;
    let store: Arc<dyn Store> = tenant.clone();
    let request = [expect(credential(), 1), append("done")];
    let done = revoke_meanwhile(&store, &request, append("revoked")).await?;
    let events = tenant.events(0, 100).await.or_broken("events succeeds")?;
    check_eq!(events.len(), done);
    check_eq!(events.last().map(|event| event.event.name.as_str()), Some("revoked"));
    Ok(())
}

pub async fn a_walk_during_removals_misses_nothing(stores: Arc<dyn Stores>) -> Checked {
    for order in [None, order("userName", true)] {
        let store = stores.fresh().await?;
        let name = |number: u32| format!("{:04}", (number * 7919) % 601);
        let person = |number: u32| insert(named(&number.to_string(), &name(number)));
        commit(&*store, (0..600).map(person).collect()).await?;
        let removing = store.clone();
        let remover = tokio::spawn(async move {
            for number in (0..600).filter(|number| number % 3 != 0) {
                commit(&*removing, vec![remove(user(&number.to_string()))]).await?;
            }
            Checked::Ok(())
        });
        let seen = slow_walk(&*store, Query { order, limit: 5, ..query(Vec::new()) }).await?;
        ended(remover).await?;
        let ids: BTreeSet<&String> = seen.iter().collect();
        check_eq!(ids.len(), seen.len(), "nothing is seen twice");
        for number in (0..600).step_by(3) {
            check!(ids.contains(&number.to_string()), "{number} was there all along");
        }
    }
    Ok(())
}

async fn slow_walk(store: &dyn Store, mut query: Query) -> Checked<Vec<String>> {
    let mut ids = Vec::new();
    loop {
        let page = store.find(query.clone()).await.or_broken("find succeeds")?;
        let full = page.hits.len() == query.limit as usize;
        if let Some(last) = page.hits.last() {
            query.window = Window::After(last.position.clone());
        }
        ids.extend(page.hits.into_iter().map(|hit| hit.entry.key.id));
        if !full {
            return Ok(ids);
        }
        tokio::task::yield_now().await;
    }
}

pub async fn readers_see_whole_commits(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let both = |body: &str| ["1", "2"].map(|id| Draft { body: body.into(), ..plain(user(id)) });
    commit(&*store, both("0").map(insert).to_vec()).await?;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for round in 1..=100u64 {
            let drafts = both(&round.to_string());
            commit(&*writing, drafts.map(|draft| replace(draft, round)).to_vec()).await?;
            let now = get(&*writing, user("2")).await?.or_broken("it is there")?;
            check_eq!(now.version, round + 1, "what was acknowledged is seen");
        }
        Checked::Ok(())
    });
    while !writer.is_finished() {
        let entries = store.get(vec![user("1"), user("2")]).await.or_broken("get succeeds")?;
        same(entries.into_iter().flatten().collect())?;
        let hits = store.find(query(Vec::new())).await.or_broken("find succeeds")?.hits;
        same(hits.into_iter().map(|hit| hit.entry).collect())?;
    }
    ended(writer).await
}

fn same(entries: Vec<Entry>) -> Checked {
    check_eq!(entries.len(), 2);
    check_eq!((entries[0].version, &entries[0].body), (entries[1].version, &entries[1].body));
    Ok(())
}
