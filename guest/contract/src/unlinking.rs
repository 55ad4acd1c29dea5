//! Removal of links: one by one, all of a name, or with an entry at either end.

use std::sync::Arc;

use scimlet_store::{Direction, Link, LinkSet, Write};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

pub async fn removing_takes_links_at_both_ends(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut writes: Vec<Write> = ["a", "b", "c"].map(|id| insert(plain(group(id)))).into();
    writes.push(insert(plain(user("1"))));
    // c holds b; a and b hold the user.
    writes.extend([
        link(group("c"), group("b")),
        link(group("a"), user("1")),
        link(group("b"), user("1")),
    ]);
    commit(&*store, writes).await?;
    let versions = commit_at(&*store, AT + 7, vec![remove(group("b"))]).await?;
    check_eq!(versions.into_iter().collect::<Vec<_>>(), [(("Group".into(), "c".into()), 2)]);
    check_eq!(get(&*store, group("c")).await?.or_broken("it is there")?.modified, AT + 7);
    check_eq!(version(&*store, user("1")).await?, 1, "links that arrived count for nothing");
    check_eq!(sorted_ids(&*store, user("1"), Direction::Incoming).await?, ["a"]);
    check!(sorted_ids(&*store, group("c"), Direction::Outgoing).await?.is_empty());
    check!(
        !has(&*store, group("c"), group("b")).await?
            && !has(&*store, group("b"), user("1")).await?
    );
    let versions = commit(&*store, vec![remove(user("1")), replace(plain(group("a")), 1)]).await?;
    check_eq!(versions.into_iter().collect::<Vec<_>>(), [(("Group".into(), "a".into()), 2)]);
    Ok(())
}

pub async fn unlink_all_takes_one_name(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let owner = Link { name: "owners".into(), ..member(group("g"), user("1")) };
    let mut writes: Vec<Write> = ["g", "h"].map(|id| insert(plain(group(id)))).into();
    writes.extend(["1", "2"].map(|id| insert(plain(user(id)))));
    writes.extend([
        link(group("g"), user("1")),
        link(group("g"), user("2")),
        link(group("h"), user("1")),
    ]);
    writes.push(Write::Link(vec![owner.clone()]));
    commit(&*store, writes).await?;
    commit(&*store, vec![unlink_all(group("g")), unlink_all(group("absent"))]).await?;
    check!(sorted_ids(&*store, group("g"), Direction::Outgoing).await?.is_empty());
    check_eq!(sorted_ids(&*store, user("1"), Direction::Incoming).await?, ["h"]);
    check_eq!(store.has(vec![owner]).await, Ok(vec![true]));
    let set = LinkSet { source: group("g"), name: "owners".into() };
    let versions =
        commit(&*store, vec![Write::UnlinkAll(set), link(group("g"), user("2"))]).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [3]);
    check_eq!(sorted_ids(&*store, group("g"), Direction::Outgoing).await?, ["2"]);
    Ok(())
}

pub async fn a_new_entry_does_not_inherit_links(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let writes = vec![
        insert(plain(group("g"))),
        insert(plain(user("1"))),
        link(group("g"), user("1")),
        link(user("1"), group("g")),
    ];
    commit(&*store, writes).await?;
    commit(&*store, vec![remove(user("1")), insert(plain(user("1")))]).await?;
    check!(
        !has(&*store, group("g"), user("1")).await? && !has(&*store, user("1"), group("g")).await?
    );
    for direction in [Direction::Outgoing, Direction::Incoming] {
        check!(sorted_ids(&*store, user("1"), direction).await?.is_empty());
    }
    check_eq!(version(&*store, group("g")).await?, 2);
    commit(&*store, vec![link(group("g"), user("1"))]).await?;
    Ok(())
}

pub async fn large_link_sets_vanish_at_once(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let ids: Vec<String> = (0..1300).map(|number| number.to_string()).collect();
    let all = |source: &str| ids.iter().map(|id| member(group(source), user(id))).collect();
    let mut writes: Vec<Write> = ids.iter().map(|id| insert(plain(user(id)))).collect();
    writes.extend([insert(plain(group("g"))), insert(plain(group("h")))]);
    writes.extend([Write::Link(all("g")), Write::Link(all("h"))]);
    commit(&*store, writes).await?;
    commit(&*store, vec![unlink_all(group("g")), remove(group("h"))]).await?;
    check!(linked_ids(&*store, group("g"), Direction::Outgoing, 1000).await?.is_empty());
    check!(store.has(all("g")).await.or_broken("has succeeds")?.iter().all(|there| !there));
    let page = store
        .links(
            ids.iter().map(|id| user(id)).collect(),
            "members".into(),
            Direction::Incoming,
            None,
            5,
        )
        .await;
    let page = page.or_broken("links succeeds")?;
    check!(page.iter().all(|page| page.links.is_empty() && page.next.is_none()));
    commit(&*store, vec![Write::Link(all("g"))]).await?;
    check_eq!(linked_ids(&*store, group("g"), Direction::Outgoing, 1000).await?.len(), 1300);
    Ok(())
}

pub async fn writes_on_links_happen_in_order(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(group("g"))), insert(plain(user("1")))]).await?;
    let member = || link(group("g"), user("1"));
    commit(
        &*store,
        vec![member(), unlink_all(group("g")), member(), unlink(group("g"), user("1")), member()],
    )
    .await?;
    check!(has(&*store, group("g"), user("1")).await?);
    // A removal takes away the links so far; the new entry of that key can be linked again.
    commit(&*store, vec![remove(user("1")), insert(plain(user("1"))), member()]).await?;
    check!(has(&*store, group("g"), user("1")).await?);
    let early =
        vec![link(group("g"), user("2")), unlink(group("g"), user("2")), insert(plain(user("2")))];
    commit(&*store, early).await?;
    check!(!has(&*store, group("g"), user("2")).await?);
    Ok(())
}
