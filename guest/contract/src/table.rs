//! The rows of the table in `wit/README.md`: which reads, and which one commit. Every commit begins
//! with `expect` of the credential and of the profile that admitted the request.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Store;
use scimlet_store::{Direction, Draft, Key, Query, Refusal, Scalar, Window, Write};

use super::Stores;
use super::fixture::{Fixture, page, walk};
use super::kit::{self, *};
use crate::broken::{Checked, OrBroken, check, check_eq};

fn credential() -> Key {
    key("$credential", "k1")
}

fn profile() -> Key {
    key("$profile", "current")
}

/// A store with a credential and a profile.
async fn tenant(stores: &dyn Stores) -> Checked<Arc<dyn Store>> {
    let store = stores.fresh().await?;
    let secret = draft(credential(), vec![unique("digest", "5e88")]);
    commit(&*store, vec![insert(secret), insert(plain(profile()))]).await?;
    Ok(store)
}

/// The writes of a request that was admitted by the first credential and profile.
fn admitted(writes: impl IntoIterator<Item = Write>) -> Vec<Write> {
    [expect(credential(), 1), expect(profile(), 1)].into_iter().chain(writes).collect()
}

pub async fn create(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    commit(&*store, admitted([insert(plain(user("boss")))])).await?;
    let new = |id: &str| {
        admitted([
            insert(named(id, "bo")),
            kit::link(user(id), user("boss")),
            append("user.created"),
        ])
    };
    let versions = commit(&*store, new("1")).await?;
    check_eq!(versions.into_iter().collect::<Vec<_>>(), [(("User".into(), "1".into()), 1)]);
    check_eq!(refused(&*store, new("2")).await?, (2, taken("userName")));
    Ok(())
}

pub async fn link(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    commit(&*store, vec![insert(named("theirs", "bo")), insert(named("other", "cy"))]).await?;
    let found = walk(&*store, &query(vec![equal("userName", "bo")])).await?;
    check!(found.ids.contains(&"theirs".to_owned()));
    let adopted = draft(user("theirs"), vec![unique("userName", "bo"), unique("externalId", "7")]);
    commit(&*store, admitted([replace(adopted.clone(), 1), append("user.linked")])).await?;
    let again = admitted([replace(adopted, 1), append("user.linked")]);
    check_eq!(refused(&*store, again).await?, (2, Refusal::Stale(user("theirs"))));
    Ok(())
}

pub async fn fork(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    commit(&*store, vec![insert(named("old", "bo")), adjust("seats", 1, Some(2))]).await?;
    let old = get(&*store, user("old")).await?.or_broken("it is there")?;
    let retired = draft(user("old"), vec![term("active", Scalar::Boolean(false))]);
    let writes = admitted([
        insert(named("new", "bo")),
        replace(retired, old.version),
        adjust("seats", 1, Some(2)),
        adjust("seats", -1, None),
        append("user.retired"),
        append("user.created"),
    ]);
    let versions = commit(&*store, writes).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [1, 2]);
    check_eq!(counter(&*store, "seats").await?, 1);
    check_eq!(refused(&*store, vec![insert(named("third", "bo"))]).await?, (0, taken("userName")));
    Ok(())
}

pub async fn seat(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let new =
        |id: &str| admitted([insert(named(id, id)), adjust("seats", 1, Some(1)), append("made")]);
    commit(&*store, new("1")).await?;
    check_eq!(refused(&*store, new("2")).await?, (3, Refusal::OverCeiling("seats".into())));
    check_eq!(counter(&*store, "seats").await?, 1);
    check_eq!(get(&*store, user("2")).await?, None);
    let away = admitted([replace(named("1", "1"), 1), adjust("seats", -1, Some(1)), append("off")]);
    commit(&*store, away).await?;
    commit(&*store, new("2")).await?;
    let back = admitted([replace(named("1", "1"), 2), adjust("seats", 1, Some(1)), append("on")]);
    check_eq!(refused(&*store, back).await?.0, 3);
    Ok(())
}

pub async fn revoke(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    commit(&*store, admitted([insert(named("1", "bo"))])).await?;
    let seen = get(&*store, credential()).await?.or_broken("it is there")?;
    let revoked = Draft {
        body: "{\"revoked\":true}".into(),
        ..draft(credential(), vec![unique("digest", "5e88")])
    };
    commit(&*store, vec![replace(revoked, seen.version), append("credential.revoked")]).await?;
    let late = admitted([insert(named("2", "cy"))]);
    check_eq!(refused(&*store, late).await?, (0, Refusal::Stale(credential())));
    check_eq!(get(&*store, user("2")).await?, None);
    Ok(())
}

pub async fn circular_bulk(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let writes = admitted([
        insert(plain(group("a"))),
        kit::link(group("a"), group("b")),
        insert(plain(group("b"))),
        kit::link(group("b"), group("a")),
        append("group.created"),
        append("group.created"),
    ]);
    let versions = commit(&*store, writes).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [1, 1], "new entries start at version 1");
    check_eq!(get(&*store, group("a")).await?.or_broken("it is there")?.modified, AT);
    for (from, to) in [("a", "b"), ("b", "a")] {
        check_eq!(sorted_ids(&*store, group(from), Direction::Outgoing).await?, [to]);
    }
    Ok(())
}

pub async fn nested_group(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let mut writes: Vec<Write> = ["a", "b", "c"].map(|id| insert(plain(group(id)))).into();
    writes.extend([insert(plain(user("1"))), insert(plain(key("$order", "groups")))]);
    writes.extend([kit::link(group("a"), group("b")), kit::link(group("b"), user("1"))]);
    writes.push(kit::link(group("c"), group("b")));
    // A circle that a walk must survive.
    writes.push(kit::link(group("b"), group("a")));
    commit(&*store, writes).await?;
    check_eq!(
        ancestors(&*store, user("1")).await?,
        BTreeSet::from(["a", "b", "c"].map(String::from))
    );
    let ordered = || replace(plain(key("$order", "groups")), 1);
    let change = |to: &str| admitted([kit::link(group("c"), group(to)), ordered()]);
    commit(&*store, change("a")).await?;
    let refusal = refused(&*store, change("c")).await?;
    check_eq!(
        refusal,
        (3, Refusal::Stale(key("$order", "groups"))),
        "somebody changed a group since"
    );
    Ok(())
}

/// All groups that an entry is in, level by level, each once.
async fn ancestors(store: &dyn Store, start: Key) -> Checked<BTreeSet<String>> {
    let (mut level, mut seen) = (vec![start], BTreeSet::new());
    while !level.is_empty() {
        let pages = store.links(level, "members".into(), Direction::Incoming, None, 100).await;
        let links = pages.or_broken("links succeeds")?.into_iter().flat_map(|page| page.links);
        level = links.map(|link| link.source).filter(|key| seen.insert(key.id.clone())).collect();
    }
    Ok(seen)
}

pub async fn sort_with_cursor(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let names = ["dora", "anna", "carl", "bert", "emil", "fred"];
    let drafts = names.map(|name| named(name, name)).to_vec();
    let fixture = Fixture::stock(&*store, drafts, Vec::new()).await?;
    let mut query = Query { order: order("userName", false), limit: 2, ..query(Vec::new()) };
    let first = page(&*store, &query).await?;
    if !first.ordered {
        return fixture.check(&*store, Vec::new(), query.order).await.map(drop);
    }
    check_eq!(
        first.hits.iter().map(|hit| hit.entry.key.id.as_str()).collect::<Vec<_>>(),
        ["anna", "bert"]
    );
    // The guest may stop inside a page and go on there, also when that entry is gone.
    query.window = Window::After(first.hits.first().or_broken("a hit")?.position.clone());
    commit(&*store, admitted([remove(user("anna")), insert(named("adam", "adam"))])).await?;
    let second = page(&*store, &query).await?;
    check_eq!(
        second.hits.iter().map(|hit| hit.entry.key.id.as_str()).collect::<Vec<_>>(),
        ["bert", "carl"]
    );
    Ok(())
}

pub async fn root_search(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let drafts = vec![
        draft(user("1"), vec![term("displayName", text("tea"))]),
        draft(group("2"), vec![term("displayName", text("tea"))]),
        draft(group("3"), vec![term("displayName", text("coffee"))]),
    ];
    let fixture = Fixture::stock(&*store, drafts, Vec::new()).await?;
    fixture.check(&*store, vec![equal("displayName", "tea")], None).await?;
    for (kind, id) in [("User", "1"), ("Group", "2")] {
        let query = Query { kind: kind.into(), ..query(vec![equal("displayName", "tea")]) };
        let page = page(&*store, &query).await?;
        check!(page.hits.iter().any(|hit| hit.entry.key == key(kind, id)));
        check!(!page.exact || page.total == Some(1));
    }
    Ok(())
}

pub async fn erase(stores: Arc<dyn Stores>) -> Checked {
    let store = tenant(&*stores).await?;
    let made = [
        insert(named("1", "bo")),
        insert(plain(group("g"))),
        kit::link(group("g"), user("1")),
        adjust("seats", 1, None),
        Write::Append(event("user.created", Some(user("1")), "{\"userName\":\"bo\"}")),
    ];
    commit(&*store, admitted(made)).await?;
    check_eq!(version(&*store, user("1")).await?, 1);
    let erased = [
        remove(user("1")),
        Write::Redact(user("1")),
        adjust("seats", -1, None),
        Write::Append(event("user.erased", Some(user("1")), "")),
    ];
    commit(&*store, admitted(erased)).await?;
    check_eq!(get(&*store, user("1")).await?, None);
    check_eq!(version(&*store, group("g")).await?, 2);
    check_eq!(counter(&*store, "seats").await?, 0);
    commit(&*store, admitted([insert(named("2", "bo"))])).await?;
    Ok(())
}
