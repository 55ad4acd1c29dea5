//! Links.

use std::sync::Arc;

use scimlet_store::{Direction, Link, Refusal, Write};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

pub async fn a_link_is_there_until_unlinked(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(
        &*store,
        vec![insert(plain(group("g"))), insert(plain(user("1"))), insert(plain(user("2")))],
    )
    .await?;
    commit(&*store, vec![link(group("g"), user("1"))]).await?;
    let other_name = Link { name: "owners".into(), ..member(group("g"), user("1")) };
    let asked = vec![
        member(group("g"), user("2")),
        member(group("g"), user("1")),
        member(user("1"), group("g")),
        other_name,
        member(group("absent"), user("1")),
    ];
    check_eq!(store.has(asked).await, Ok(vec![false, true, false, false, false]));
    commit(&*store, vec![unlink(group("g"), user("1"))]).await?;
    check!(!has(&*store, group("g"), user("1")).await?);
    commit(&*store, vec![link(group("g"), user("1"))]).await?;
    check!(has(&*store, group("g"), user("1")).await?);
    Ok(())
}

pub async fn ends_are_checked_after_the_last_write(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(group("g"))), insert(plain(user("1")))]).await?;
    let early = vec![
        link(group("g"), user("2")),
        link(group("h"), user("2")),
        insert(plain(user("2"))),
        insert(plain(group("h"))),
    ];
    commit(&*store, early).await?;
    check!(
        has(&*store, group("g"), user("2")).await? && has(&*store, group("h"), user("2")).await?
    );
    let no_target = vec![append("x"), link(group("g"), user("3"))];
    check_eq!(refused(&*store, no_target).await?, (1, Refusal::Missing(user("3"))));
    let no_source = vec![link(group("i"), user("1")), append("x")];
    check_eq!(refused(&*store, no_source).await?, (0, Refusal::Missing(group("i"))));
    let removed_later = vec![link(group("g"), user("1")), remove(user("1"))];
    check_eq!(refused(&*store, removed_later).await?, (0, Refusal::Missing(user("1"))));
    Ok(())
}

pub async fn entries_may_link_in_a_circle(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let circle = vec![
        insert(plain(group("a"))),
        link(group("a"), group("b")),
        insert(plain(group("b"))),
        link(group("b"), group("a")),
    ];
    commit(&*store, circle).await?;
    check!(
        has(&*store, group("a"), group("b")).await? && has(&*store, group("b"), group("a")).await?
    );
    commit(&*store, vec![remove(group("a"))]).await?;
    check!(!has(&*store, group("b"), group("a")).await?);
    check_eq!(version(&*store, group("b")).await?, 2);
    Ok(())
}

pub async fn an_entry_may_link_to_itself(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![link(group("a"), group("a")), insert(plain(group("a")))]).await?;
    for direction in [Direction::Outgoing, Direction::Incoming] {
        check_eq!(sorted_ids(&*store, group("a"), direction).await?, ["a"]);
    }
    check!(commit(&*store, vec![remove(group("a"))]).await?.is_empty());
    Ok(())
}

pub async fn links_are_taken_and_missing(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let start =
        vec![insert(plain(group("g"))), insert(plain(user("1"))), link(group("g"), user("1"))];
    commit(&*store, start).await?;
    check_eq!(
        refused(&*store, vec![append("x"), link(group("g"), user("1"))]).await?,
        (1, taken("members"))
    );
    let fresh = || vec![insert(plain(user("2"))), link(group("g"), user("2"))];
    let twice = fresh().into_iter().chain([link(group("g"), user("2"))]).collect();
    check_eq!(refused(&*store, twice).await?, (2, taken("members")));
    let twice_early =
        vec![link(group("g"), user("2")), link(group("g"), user("2")), insert(plain(user("2")))];
    check_eq!(refused(&*store, twice_early).await?, (1, taken("members")));
    let backwards = vec![append("x"), unlink(user("1"), group("g"))];
    check_eq!(refused(&*store, backwards).await?, (1, Refusal::Missing(group("g"))));
    for absent in [unlink(group("g"), user("9")), unlink(group("9"), user("9"))] {
        check_eq!(refused(&*store, vec![absent]).await?, (0, Refusal::Missing(user("9"))));
    }
    Ok(())
}

pub async fn pages_of_links_join_up(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let ids: Vec<String> = (10..35).map(|number| number.to_string()).collect();
    let mut writes = vec![insert(plain(group("g"))), insert(plain(user("all")))];
    for id in &ids {
        writes.extend([insert(plain(user(id))), insert(plain(group(id)))]);
        writes.extend([link(group("g"), user(id)), link(group(id), user("all"))]);
    }
    commit(&*store, writes).await?;
    for (anchor, direction) in
        [(group("g"), Direction::Outgoing), (user("all"), Direction::Incoming)]
    {
        for limit in [1, 5, 24, 25, 26] {
            let mut found = linked_ids(&*store, anchor.clone(), direction, limit).await?;
            found.sort();
            check_eq!(found, ids, "pages of {limit}, {direction:?}");
        }
        let other = match direction {
            Direction::Outgoing => Direction::Incoming,
            Direction::Incoming => Direction::Outgoing,
        };
        check!(linked_ids(&*store, anchor, other, 5).await?.is_empty());
    }
    Ok(())
}

pub async fn several_anchors_are_answered_in_their_order(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut writes: Vec<Write> = ["1", "2", "3"].map(|id| insert(plain(user(id)))).into();
    writes.extend(["a", "b", "c"].map(|id| insert(plain(group(id)))));
    writes.extend([link(group("a"), user("1")), link(group("c"), user("1"))]);
    writes.extend([link(group("c"), user("2")), link(group("c"), user("3"))]);
    commit(&*store, writes).await?;
    let anchors = vec![group("c"), group("b"), group("absent"), group("a"), group("c")];
    let pages = store.links(anchors.clone(), "members".into(), Direction::Outgoing, None, 2).await;
    let pages = pages.or_broken("links succeeds")?;
    let sizes: Vec<_> = pages.iter().map(|page| (page.links.len(), page.next.is_some())).collect();
    check_eq!(sizes, [(2, true), (0, false), (0, false), (1, false), (2, true)]);
    let pages = store.links(anchors, "members".into(), Direction::Outgoing, None, 0).await;
    let more: Vec<_> =
        pages.or_broken("links succeeds")?.iter().map(|page| page.next.is_some()).collect();
    check_eq!(more, [true, false, false, true, true], "a page of 0 says whether there are any");
    let next = store.links(vec![group("c")], "members".into(), Direction::Outgoing, None, 0).await;
    let next = next.or_broken("links succeeds")?.pop().and_then(|page| page.next);
    let pages = store.links(vec![group("c")], "members".into(), Direction::Outgoing, next, 9).await;
    let page = pages.or_broken("links succeeds")?.pop().or_broken("a page for the anchor")?;
    check_eq!(page.links.len(), 3);
    Ok(())
}

pub async fn what_is_no_position_is_invalid(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let start =
        vec![insert(plain(group("g"))), insert(plain(user("1"))), link(group("g"), user("1"))];
    commit(&*store, start).await?;
    let ask = |anchors: Vec<_>, after: &str| {
        store.links(anchors, "members".into(), Direction::Outgoing, Some(after.into()), 5)
    };
    let long = "A".repeat(100_000);
    for after in ["", "?", "0", &long] {
        let answer = ask(vec![group("g")], after).await;
        check!(matches!(answer, Err(Refusal::Invalid(_))), "{answer:?}");
    }
    let pages = store.links(vec![group("g")], "members".into(), Direction::Outgoing, None, 0).await;
    let next =
        pages.or_broken("links succeeds")?.pop().and_then(|page| page.next).or_broken("more")?;
    let answer = ask(vec![group("g"), group("g")], &next).await;
    check!(matches!(answer, Err(Refusal::Invalid(_))), "a position goes with one anchor");
    Ok(())
}

pub async fn linking_raises_the_source_alone(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(group("g"))), insert(plain(user("1")))]).await?;
    commit_at(&*store, AT + 1, vec![link(group("g"), user("1"))]).await?;
    commit_at(&*store, AT + 2, vec![unlink(group("g"), user("1"))]).await?;
    commit_at(&*store, AT + 3, vec![link(group("g"), user("1"))]).await?;
    commit_at(&*store, AT + 4, vec![unlink_all(group("g"))]).await?;
    commit_at(&*store, AT + 5, vec![unlink_all(group("g"))]).await?;
    let source = get(&*store, group("g")).await?.or_broken("it is there")?;
    check_eq!((source.version, source.created, source.modified), (5, AT, AT + 4));
    let target = get(&*store, user("1")).await?.or_broken("it is there")?;
    check_eq!((target.version, target.modified), (1, AT));
    Ok(())
}
