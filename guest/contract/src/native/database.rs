//! The tenants and settings of a database.

use std::sync::Arc;

use scimlet::store::{Database, DatabaseError, Tenant, TenantStorage};
use scimlet_store::{ChainHead, Direction, Refusal, Write};

use crate::broken::{Checked, OrBroken, check, check_eq};
use crate::kit::*;

async fn open(database: &dyn Database, name: &str) -> Checked<Arc<dyn TenantStorage>> {
    database.open(name).await.or_broken("open succeeds")?.or_broken("the tenant is there")
}

pub async fn tenants_are_made_and_listed(database: Arc<dyn Database>) -> Checked {
    check_eq!(database.tenants().await.or_broken("tenants succeeds")?, []);
    check!(database.open("acme").await.or_broken("open succeeds")?.is_none());
    database.create_tenant("zeta", AT).await.or_broken("it is made")?;
    database.create_tenant("acme", AT + 1).await.or_broken("it is made")?;
    let again = database.create_tenant("acme", AT + 2).await;
    check!(matches!(again, Err(DatabaseError::Exists(name)) if name == "acme"));
    let tenant = |name: &str, created| Tenant { name: name.into(), created };
    let listed = database.tenants().await.or_broken("tenants succeeds")?;
    check_eq!(listed, [tenant("acme", AT + 1), tenant("zeta", AT)]);
    commit(&*open(&*database, "acme").await?, vec![insert(plain(user("1")))]).await?;
    check_eq!(get(&*open(&*database, "zeta").await?, user("1")).await?, None);
    let unknown = database.delete_tenant("nobody").await;
    check!(matches!(unknown, Err(DatabaseError::Unknown(name)) if name == "nobody"));
    Ok(())
}

pub async fn names_are_checked(database: Arc<dyn Database>) -> Checked {
    let longest = "x".repeat(63);
    for name in ["a", "0-9", &longest] {
        database.create_tenant(name, AT).await.or_broken("it is made")?;
    }
    let too_long = "x".repeat(64);
    for name in ["", "A", "a b", "a/b", "a.b", "ä", "a\0", &too_long] {
        let refused = database.create_tenant(name, AT).await;
        check!(matches!(refused, Err(DatabaseError::Unsuitable(_))), "{name:?}: {refused:?}");
    }
    Ok(())
}

pub async fn settings_are_kept(database: Arc<dyn Database>) -> Checked {
    check_eq!(database.setting("url").await.or_broken("setting succeeds")?, None);
    for value in ["http://a", "", "http://\u{1F600}"] {
        database.set_setting("url", value).await.or_broken("it is set")?;
        check_eq!(
            database.setting("url").await.or_broken("setting succeeds")?.as_deref(),
            Some(value)
        );
    }
    check_eq!(database.setting("URL").await.or_broken("setting succeeds")?, None);
    Ok(())
}

fn everything() -> Vec<Write> {
    vec![
        insert(named("1", "bo")),
        insert(plain(group("g"))),
        link(group("g"), user("1")),
        adjust("seats", 1, Some(1)),
        append("made"),
    ]
}

/// Expects that nothing can be seen in the store.
async fn is_empty(store: &dyn TenantStorage) -> Checked {
    check_eq!(store.get(vec![user("1"), group("g")]).await, Ok(vec![None, None]));
    check!(!has(store, group("g"), user("1")).await?);
    check!(sorted_ids(store, group("g"), Direction::Outgoing).await?.is_empty());
    check!(sorted_ids(store, user("1"), Direction::Incoming).await?.is_empty());
    check_eq!(store.events(0, 10).await, Ok(Vec::new()));
    check_eq!(store.head().await, Ok(ChainHead::START));
    check_eq!(store.metadata(String::new()).await, Ok(Vec::new()));
    let page = store.find(query(Vec::new())).await.or_broken("find succeeds")?;
    check_eq!((page.hits.len(), page.total), (0, Some(0)));
    Ok(())
}

pub async fn a_deleted_tenant_is_gone_for_good(database: Arc<dyn Database>) -> Checked {
    database.create_tenant("acme", AT).await.or_broken("it is made")?;
    let old = open(&*database, "acme").await?;
    commit(&*old, everything()).await?;
    let entry = ("kept".to_owned(), Some("text".to_owned()));
    let set = old.set_metadata(("kept".to_owned(), None), vec![entry]).await;
    check_eq!(set, Ok(true));
    database.delete_tenant("acme").await.or_broken("it is deleted")?;
    check_eq!(database.tenants().await.or_broken("tenants succeeds")?, []);
    check!(database.open("acme").await.or_broken("open succeeds")?.is_none());
    is_empty(&*old).await?;
    let entry = ("name".to_owned(), Some("text".to_owned()));
    let set = old.set_metadata(("name".to_owned(), None), vec![entry]).await;
    check!(matches!(set, Err(Refusal::Unavailable(_))), "{set:?}");
    let (write, reason) = refused(&*old, everything()).await?;
    check!(write == 0 && matches!(reason, Refusal::NotDone(_)), "{reason:?}");

    // Another tenant of that name has nothing of the old one, and the old store has nothing of it.
    database.create_tenant("acme", AT).await.or_broken("it is made")?;
    let new = open(&*database, "acme").await?;
    is_empty(&*new).await?;
    commit(&*new, everything()).await?;
    is_empty(&*old).await?;
    for writes in [everything(), Vec::new(), vec![remove(user("1"))]] {
        let (_, reason) = refused(&*old, writes).await?;
        check!(matches!(reason, Refusal::NotDone(_)), "{reason:?}");
    }
    check_eq!(version(&*new, user("1")).await?, 1);
    Ok(())
}

pub async fn deleting_a_large_tenant(database: Arc<dyn Database>) -> Checked {
    for name in ["large", "other"] {
        database.create_tenant(name, AT).await.or_broken("it is made")?;
        let store = open(&*database, name).await?;
        let ids: Vec<String> = (0..1200).map(|number| number.to_string()).collect();
        let mut writes: Vec<Write> = ids.iter().map(|id| insert(named(id, id))).collect();
        writes.push(insert(plain(group("g"))));
        writes.extend(ids.iter().map(|id| link(group("g"), user(id))));
        commit(&*store, writes).await?;
    }
    let large = open(&*database, "large").await?;
    database.delete_tenant("large").await.or_broken("it is deleted")?;
    is_empty(&*large).await?;
    let other = open(&*database, "other").await?;
    let page = other.find(query(Vec::new())).await.or_broken("find succeeds")?;
    check_eq!((page.hits.len(), page.total), (1000, Some(1200)));
    check_eq!(linked_ids(&*other, group("g"), Direction::Outgoing, 500).await?.len(), 1200);
    Ok(())
}
