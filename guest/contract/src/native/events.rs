//! Events: numbers, the digest chain, redaction.

use std::sync::Arc;

use scimlet::store::EventLog;
use scimlet_store::{ChainHead, Channel, Event, Key, RecordedEvent, Write, hash_chain};

use super::Tenants;
use crate::broken::{Checked, OrBroken, check, check_eq};
use crate::kit::*;

async fn all(store: &dyn EventLog) -> Checked<Vec<RecordedEvent>> {
    store.events(0, 1000).await.or_broken("events succeeds")
}

/// Expects that each event stands rightly behind the one before.
fn check_chain(events: &[RecordedEvent]) -> Checked {
    let mut previous = hash_chain::START;
    for event in events {
        check!(hash_chain::holds(&previous, event), "event {}", event.sequence);
        previous = event.digest;
    }
    Ok(())
}

fn about(subject: Key, body: &str) -> Write {
    Write::Append(event("changed", Some(subject), body))
}

pub async fn events_are_recorded_as_appended(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    let feed = event("user.created", Some(user("1")), "{\"a\":\"\u{1F600}\"}");
    let audit = Event {
        channel: Channel::Audit,
        name: "denied".into(),
        subject: None,
        body: String::new(),
    };
    let writes = vec![Write::Append(feed.clone()), Write::Append(audit.clone())];
    store.commit(AT + 3, "credential/k1".into(), writes).await.or_broken("the commit succeeds")?;
    let events = all(&*store).await?;
    check_eq!(events.len(), 2);
    for (recorded, (sequence, event)) in events.iter().zip([(1, feed), (2, audit)]) {
        check_eq!((recorded.sequence, recorded.at), (sequence, AT + 3));
        check_eq!((recorded.actor.as_str(), &recorded.event), ("credential/k1", &event));
    }
    Ok(())
}

pub async fn numbers_have_no_gaps(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    for _ in 0..3 {
        commit(&*store, vec![append("a"), append("b")]).await?;
        refused(&*store, vec![append("c"), remove(user("absent"))]).await?;
        commit(&*store, vec![adjust("n", 1, None)]).await?;
    }
    let numbers: Vec<_> = all(&*store).await?.iter().map(|event| event.sequence).collect();
    check_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    Ok(())
}

pub async fn the_chain_holds(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    for number in 0..5 {
        commit_at(&*store, AT + number, vec![about(user("1"), "{}"), append("x")]).await?;
    }
    let events = all(&*store).await?;
    check_chain(&events)?;
    for (index, event) in events.iter().enumerate() {
        let previous = if index == 0 { hash_chain::START } else { events[index - 1].digest };
        for forged in forgeries(event) {
            check!(!hash_chain::holds(&previous, &forged), "{forged:?}");
        }
    }
    Ok(())
}

/// The event with one thing changed.
fn forgeries(event: &RecordedEvent) -> Vec<RecordedEvent> {
    let changes: [fn(&mut RecordedEvent); 8] = [
        |event| event.sequence += 1,
        |event| event.at += 1,
        |event| event.actor.push('x'),
        |event| event.event.name.push('x'),
        |event| event.event.body.push('x'),
        |event| event.event.channel = Channel::Audit,
        |event| event.event.subject = Some(user("2")),
        |event| event.body_digest[0] ^= 1,
    ];
    let forge = |change: &fn(&mut RecordedEvent)| {
        let mut forged = event.clone();
        change(&mut forged);
        forged
    };
    changes.iter().map(forge).collect()
}

pub async fn redaction_empties_bodies_alone(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    commit(&*store, vec![about(user("1"), "one"), about(user("2"), "two"), append("x")]).await?;
    commit(&*store, vec![about(user("1"), "three")]).await?;
    let before = all(&*store).await?;
    // What was appended by a write before is emptied too, what comes after is not.
    let writes = vec![about(user("1"), "four"), Write::Redact(user("1")), about(user("1"), "five")];
    commit(&*store, writes).await?;
    commit(&*store, vec![Write::Redact(user("1")), about(user("1"), "six")]).await?;
    let after = all(&*store).await?;
    let bodies: Vec<_> = after.iter().map(|event| event.event.body.as_str()).collect();
    check_eq!(bodies, ["", "two", "{}", "", "", "", "six"]);
    for (old, new) in before.iter().zip(&after) {
        let emptied = Event { body: new.event.body.clone(), ..old.event.clone() };
        check_eq!(*new, RecordedEvent { event: emptied, ..old.clone() });
    }
    check_chain(&after)?;
    Ok(())
}

pub async fn redaction_spares_others(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    let subjects = [key("User", "1"), key("user", "1"), key("User", "11"), key("Group", "1")];
    commit(&*store, subjects.map(|subject| about(subject, "kept")).to_vec()).await?;
    commit(&*store, vec![Write::Redact(user("1")), Write::Redact(user("absent"))]).await?;
    let bodies: Vec<_> = all(&*store).await?.into_iter().map(|event| event.event.body).collect();
    check_eq!(bodies, ["", "kept", "kept", "kept"]);
    Ok(())
}

pub async fn pages_of_events(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    commit(&*store, (0..25).map(|_| append("x")).collect()).await?;
    let numbers = async |after, limit| -> Checked<Vec<u64>> {
        let events = store.events(after, limit).await.or_broken("events succeeds")?;
        Ok(events.iter().map(|event| event.sequence).collect())
    };
    check_eq!(numbers(0, 2).await?, [1, 2]);
    check_eq!(numbers(2, 2).await?, [3, 4]);
    check_eq!(numbers(23, 1000).await?, [24, 25]);
    check!(numbers(25, 10).await?.is_empty());
    check!(numbers(u64::MAX, 10).await?.is_empty());
    check!(numbers(0, 0).await?.is_empty());
    check_eq!(numbers(0, u32::MAX).await?.len(), 25);
    Ok(())
}

pub async fn the_head_is_the_last_event(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    check_eq!(store.head().await, Ok(ChainHead::START));
    commit(&*store, vec![append("a"), append("b")]).await?;
    commit(&*store, vec![adjust("n", 1, None)]).await?;
    refused(&*store, vec![append("c"), remove(user("absent"))]).await?;
    let events = all(&*store).await?;
    let last = events.last().or_broken("there are events")?;
    let (sequence, digest) = (last.sequence, last.digest);
    check_eq!(store.head().await, Ok(ChainHead { sequence, digest }));
    Ok(())
}

pub async fn a_refused_commit_changes_no_event(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), about(user("1"), "body")]).await?;
    let writes = vec![append("noise"), Write::Redact(user("1")), expect(user("3"), 7)];
    refused(&*store, writes).await?;
    refused(&*store, vec![append("noise"), insert(named("2", "bo"))]).await?;
    commit(&*store, vec![append("next")]).await?;
    let events = all(&*store).await?;
    let bodies: Vec<_> = events.iter().map(|event| event.event.body.as_str()).collect();
    check_eq!(bodies, ["body", "{}"]);
    check_eq!(events[1].sequence, 2);
    Ok(())
}

pub async fn redaction_outlives_the_entry(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), about(user("1"), "bo")]).await?;
    let writes = vec![remove(user("1")), Write::Redact(user("1")), about(user("1"), "")];
    commit(&*store, writes).await?;
    check!(all(&*store).await?.iter().all(|event| event.event.body.is_empty()));
    Ok(())
}

pub async fn events_have_the_time_of_their_commit(tenants: Arc<dyn Tenants>) -> Checked {
    let store = tenants.fresh().await?;
    for (id, at) in [("1", AT), ("2", AT - 1), ("3", AT)] {
        let writes = vec![insert(plain(user(id))), append("a"), append("b")];
        let done =
            store.commit(at, "tester".into(), writes).await.or_broken("the commit succeeds")?;
        let made = get(&*store, user(id)).await?.or_broken("it is there")?;
        check_eq!(made.created, done.at);
        check!(all(&*store).await?.iter().rev().take(2).all(|event| event.at == done.at));
    }
    Ok(())
}

pub async fn tenants_share_no_events(tenants: Arc<dyn Tenants>) -> Checked {
    let (mine, theirs) = (tenants.fresh().await?, tenants.fresh().await?);
    commit(&*mine, vec![about(user("1"), "body")]).await?;
    check_eq!(all(&*theirs).await?, []);
    commit(&*theirs, vec![about(user("1"), "body")]).await?;
    commit(&*theirs, vec![Write::Redact(user("1"))]).await?;
    check_eq!(all(&*theirs).await?[0].sequence, 1);
    check_eq!(all(&*mine).await?[0].event.body, "body");
    Ok(())
}
