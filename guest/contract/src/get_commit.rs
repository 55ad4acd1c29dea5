//! Entries: reading them by key, and writing them.

use std::sync::Arc;

use scimlet_store::{Draft, Refusal, Removal, Write};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

pub async fn an_inserted_entry_is_read_back(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let body = "{\"displayName\":\"\u{1F600} é \\u0000 \u{FFFD} \u{1}\"}\n ".to_owned();
    let written = Draft { key: user("1"), body: body.clone(), terms: Vec::new() };
    commit(&*store, vec![insert(written), insert(plain(user("2")))]).await?;
    let keys = vec![user("2"), user("absent"), user("1"), user("2")];
    let entries = store.get(keys).await.or_broken("get succeeds")?;
    let ids: Vec<_> =
        entries.iter().map(|entry| entry.as_ref().map(|entry| entry.key.id.as_str())).collect();
    check_eq!(ids, [Some("2"), None, Some("1"), Some("2")]);
    let entry = entries.get(2).cloned().flatten().or_broken("it is there")?;
    check_eq!((entry.version, entry.created, entry.modified), (1, AT, AT));
    check_eq!(entry.body, body);
    check_eq!(entry.key, user("1"));
    Ok(())
}

pub async fn keys_are_compared_bytewise(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    // One letter in two cases, one character composed and decomposed, and a name within a name.
    let ids = ["a", "A", "é", "e\u{301}", "a ", "", "a\u{1}", "a\u{1}b"];
    commit(&*store, ids.iter().map(|id| insert(plain(user(id)))).collect()).await?;
    for id in ids {
        check_eq!(get(&*store, user(id)).await?.or_broken("it is there")?.key, user(id));
        check_eq!(get(&*store, key("user", id)).await?, None);
    }
    check_eq!(get(&*store, user("b")).await?, None);
    Ok(())
}

pub async fn a_replacement_raises_the_version(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1")))]).await?;
    let new = Draft { key: user("1"), body: "new".into(), terms: Vec::new() };
    // The clock may go back; without an event there is no time that this would be before.
    commit_at(&*store, AT - 5, vec![replace(new.clone(), 1)]).await?;
    let entry = get(&*store, user("1")).await?.or_broken("it is there")?;
    check_eq!((entry.version, entry.created, entry.modified), (2, AT, AT - 5));
    check_eq!(entry.body, "new");
    let versions = commit(&*store, vec![replace(new, 2)]).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [3], "also when nothing differs");
    Ok(())
}

pub async fn a_commit_raises_a_version_once(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(
        &*store,
        vec![insert(plain(group("g"))), insert(plain(user("1"))), insert(plain(user("2")))],
    )
    .await?;
    let writes = vec![
        replace(plain(group("g")), 1),
        link(group("g"), user("1")),
        replace(Draft { body: "last".into(), ..plain(group("g")) }, 1),
        link(group("g"), user("2")),
        unlink(group("g"), user("1")),
    ];
    let versions = commit_at(&*store, AT + 1, writes).await?;
    check_eq!(versions.into_iter().collect::<Vec<_>>(), [(("Group".into(), "g".into()), 2)]);
    let entry = get(&*store, group("g")).await?.or_broken("it is there")?;
    check_eq!((entry.version, entry.modified, entry.body.as_str()), (2, AT + 1, "last"));
    Ok(())
}

pub async fn wrong_versions_are_stale(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1")))]).await?;
    commit(&*store, vec![replace(plain(user("1")), 1)]).await?;
    for version in [0, 1, 3, u64::MAX] {
        let removal = Removal { key: user("1"), version: Some(version) };
        for write in
            [replace(plain(user("1")), version), Write::Remove(removal), expect(user("1"), version)]
        {
            let refusal = refused(&*store, vec![append("noise"), write]).await?;
            check_eq!(refusal, (1, Refusal::Stale(user("1"))));
        }
    }
    let removal = Removal { key: user("1"), version: Some(2) };
    commit(&*store, vec![expect(user("1"), 2), Write::Remove(removal)]).await?;
    check_eq!(get(&*store, user("1")).await?, None);
    Ok(())
}

pub async fn absent_entries_are_missing(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(group("1")))]).await?;
    for write in [replace(plain(user("1")), 1), remove(user("1")), expect(user("1"), 1)] {
        check_eq!(refused(&*store, vec![write]).await?, (0, Refusal::Missing(user("1"))));
    }
    let refusal = refused(&*store, vec![remove(group("1")), expect(group("1"), 1)]).await?;
    check_eq!(refusal, (1, Refusal::Missing(group("1"))), "removed by a write before");
    Ok(())
}

pub async fn versions_are_those_before_the_commit(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1")))]).await?;
    commit(&*store, vec![replace(plain(user("1")), 1), expect(user("1"), 1)]).await?;
    let again = vec![replace(plain(user("1")), 2), replace(plain(user("1")), 3)];
    check_eq!(refused(&*store, again).await?, (1, Refusal::Stale(user("1"))));
    commit(&*store, vec![replace(plain(user("1")), 2), remove(user("1"))]).await?;
    check_eq!(get(&*store, user("1")).await?, None);
    Ok(())
}

pub async fn an_inserted_entry_counts_as_version_0(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let last = Draft { body: "last".into(), ..plain(user("1")) };
    let versions =
        commit(&*store, vec![insert(plain(user("1"))), replace(last, 0), expect(user("1"), 0)])
            .await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [1]);
    let entry = get(&*store, user("1")).await?.or_broken("it is there")?;
    check_eq!((entry.version, entry.body.as_str()), (1, "last"));
    let refusal = refused(&*store, vec![insert(plain(user("2"))), expect(user("2"), 1)]).await?;
    check_eq!(refusal, (1, Refusal::Stale(user("2"))));
    Ok(())
}

pub async fn a_key_is_taken_once(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1"))), insert(plain(group("1")))]).await?;
    check_eq!(
        refused(&*store, vec![append("x"), insert(plain(user("1")))]).await?,
        (1, taken("id"))
    );
    let twice = vec![insert(plain(user("2"))), insert(plain(user("2")))];
    check_eq!(refused(&*store, twice).await?, (1, taken("id")));
    Ok(())
}

pub async fn a_removed_key_is_free_again(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), insert(plain(user("2")))]).await?;
    commit(&*store, vec![replace(named("1", "bo"), 1)]).await?;
    let versions =
        commit_at(&*store, AT + 9, vec![remove(user("1")), insert(named("1", "bo"))]).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [1]);
    let entry = get(&*store, user("1")).await?.or_broken("it is there")?;
    check_eq!((entry.version, entry.created, entry.modified), (1, AT + 9, AT + 9));
    let page = store.find(query(Vec::new())).await.or_broken("find succeeds")?;
    let ids: Vec<_> = page.hits.into_iter().map(|hit| hit.entry.key.id).collect();
    check_eq!(ids, ["2", "1"], "it was created last");
    check!(commit(&*store, vec![remove(user("1"))]).await?.is_empty());
    Ok(())
}

pub async fn a_refused_commit_leaves_no_trace(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let before = vec![
        insert(named("1", "bo")),
        insert(plain(user("2"))),
        insert(plain(group("g"))),
        link(group("g"), user("1")),
        adjust("seats", 3, None),
        Write::Append(event("made", Some(user("1")), "body")),
    ];
    commit(&*store, before).await?;
    let all = vec![
        insert(named("3", "cy")),
        replace(named("1", "di"), 1),
        link(group("g"), user("2")),
        link(group("g"), user("3")),
        unlink(group("g"), user("1")),
        adjust("seats", 4, None),
        append("noise"),
        Write::Redact(user("1")),
        remove(user("2")),
        expect(user("3"), 7),
    ];
    check_eq!(refused(&*store, all).await?.0, 9);
    check_eq!(get(&*store, user("3")).await?, None);
    for key in [user("1"), user("2"), group("g")] {
        check_eq!(version(&*store, key).await?, 1);
    }
    check_eq!(sorted_ids(&*store, group("g"), scimlet_store::Direction::Outgoing).await?, ["1"]);
    check_eq!(counter(&*store, "seats").await?, 3);
    // The names are as free and as taken as they were.
    check_eq!(refused(&*store, vec![insert(named("4", "bo"))]).await?, (0, taken("userName")));
    commit(&*store, vec![insert(named("4", "cy")), insert(named("5", "di")), append("next")])
        .await?;
    Ok(())
}

pub async fn changed_entries_are_returned(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let made =
        vec![insert(plain(user("1"))), insert(plain(group("g"))), link(group("g"), user("1"))];
    let versions = commit(&*store, made).await?;
    check_eq!(versions.into_values().collect::<Vec<_>>(), [1, 1]);
    let writes = vec![insert(plain(user("2"))), remove(user("1")), expect(group("g"), 1)];
    let versions = commit(&*store, writes).await?;
    let expected = [(("Group".into(), "g".into()), 2), (("User".into(), "2".into()), 1)];
    check_eq!(versions.into_iter().collect::<Vec<_>>(), expected);
    Ok(())
}

pub async fn an_empty_commit_changes_nothing(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    check!(commit(&*store, Vec::new()).await?.is_empty());
    check!(
        commit(&*store, vec![Write::Link(Vec::new()), Write::Unlink(Vec::new())]).await?.is_empty()
    );
    check_eq!(store.get(Vec::new()).await, Ok(Vec::new()));
    check_eq!(store.has(Vec::new()).await, Ok(Vec::new()));
    Ok(())
}

pub async fn expecting_changes_nothing(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1")))]).await?;
    check!(commit_at(&*store, AT + 1, vec![expect(user("1"), 1)]).await?.is_empty());
    let entry = get(&*store, user("1")).await?.or_broken("it is there")?;
    check_eq!((entry.version, entry.modified), (1, AT));
    Ok(())
}
