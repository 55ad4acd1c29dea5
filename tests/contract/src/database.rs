//! The tenants and settings of a database.

use std::sync::Arc;

use scimlet::store::{
    ChainHead, Database, DatabaseError, Direction, Refusal, Tenant, TenantStorage, Write,
};

use super::kit::*;

async fn open(database: &dyn Database, name: &str) -> Arc<dyn TenantStorage> {
    database.open(name).await.expect("open succeeds").expect("the tenant is there")
}

pub async fn tenants_are_made_and_listed(database: Arc<dyn Database>) {
    assert_eq!(database.tenants().await.expect("tenants succeeds"), []);
    assert!(database.open("acme").await.expect("open succeeds").is_none());
    database.create_tenant("zeta", AT).await.expect("it is made");
    database.create_tenant("acme", AT + 1).await.expect("it is made");
    let again = database.create_tenant("acme", AT + 2).await;
    assert!(matches!(again, Err(DatabaseError::Exists(name)) if name == "acme"));
    let tenant = |name: &str, created| Tenant { name: name.into(), created };
    let listed = database.tenants().await.expect("tenants succeeds");
    assert_eq!(listed, [tenant("acme", AT + 1), tenant("zeta", AT)]);
    commit(&*open(&*database, "acme").await, vec![insert(plain(user("1")))]).await;
    assert_eq!(get(&*open(&*database, "zeta").await, user("1")).await, None);
    let unknown = database.delete_tenant("nobody").await;
    assert!(matches!(unknown, Err(DatabaseError::Unknown(name)) if name == "nobody"));
}

pub async fn names_are_checked(database: Arc<dyn Database>) {
    let longest = "x".repeat(63);
    for name in ["a", "0-9", &longest] {
        database.create_tenant(name, AT).await.expect("it is made");
    }
    let too_long = "x".repeat(64);
    for name in ["", "A", "a b", "a/b", "a.b", "ä", "a\0", &too_long] {
        let refused = database.create_tenant(name, AT).await;
        assert!(matches!(refused, Err(DatabaseError::Unsuitable(_))), "{name:?}: {refused:?}");
    }
}

pub async fn settings_are_kept(database: Arc<dyn Database>) {
    assert_eq!(database.setting("url").await.expect("setting succeeds"), None);
    for value in ["http://a", "", "http://\u{1F600}"] {
        database.set_setting("url", value).await.expect("it is set");
        assert_eq!(
            database.setting("url").await.expect("setting succeeds").as_deref(),
            Some(value)
        );
    }
    assert_eq!(database.setting("URL").await.expect("setting succeeds"), None);
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
async fn is_empty(store: &dyn TenantStorage) {
    assert_eq!(store.get(vec![user("1"), group("g")]).await, Ok(vec![None, None]));
    assert!(!has(store, group("g"), user("1")).await);
    assert!(sorted_ids(store, group("g"), Direction::Outgoing).await.is_empty());
    assert!(sorted_ids(store, user("1"), Direction::Incoming).await.is_empty());
    assert_eq!(store.events(0, 10).await, Ok(Vec::new()));
    assert_eq!(store.head().await, Ok(ChainHead::START));
    assert_eq!(store.metadata(String::new()).await, Ok(Vec::new()));
    let page = store.find(query(Vec::new())).await.expect("find succeeds");
    assert_eq!((page.hits.len(), page.total), (0, Some(0)));
}

pub async fn a_deleted_tenant_is_gone_for_good(database: Arc<dyn Database>) {
    database.create_tenant("acme", AT).await.expect("it is made");
    let old = open(&*database, "acme").await;
    commit(&*old, everything()).await;
    let entry = ("kept".to_owned(), Some("text".to_owned()));
    let set = old.set_metadata(("kept".to_owned(), None), vec![entry]).await;
    assert_eq!(set, Ok(true));
    database.delete_tenant("acme").await.expect("it is deleted");
    assert_eq!(database.tenants().await.expect("tenants succeeds"), []);
    assert!(database.open("acme").await.expect("open succeeds").is_none());
    is_empty(&*old).await;
    let entry = ("name".to_owned(), Some("text".to_owned()));
    let set = old.set_metadata(("name".to_owned(), None), vec![entry]).await;
    assert!(matches!(set, Err(Refusal::Unavailable(_))), "{set:?}");
    let (write, reason) = refused(&*old, everything()).await;
    assert!(write == 0 && matches!(reason, Refusal::NotDone(_)), "{reason:?}");

    // Another tenant of that name has nothing of the old one, and the old store has nothing of it.
    database.create_tenant("acme", AT).await.expect("it is made");
    let new = open(&*database, "acme").await;
    is_empty(&*new).await;
    commit(&*new, everything()).await;
    is_empty(&*old).await;
    for writes in [everything(), Vec::new(), vec![remove(user("1"))]] {
        let (_, reason) = refused(&*old, writes).await;
        assert!(matches!(reason, Refusal::NotDone(_)), "{reason:?}");
    }
    assert_eq!(version(&*new, user("1")).await, 1);
}

pub async fn deleting_a_large_tenant(database: Arc<dyn Database>) {
    for name in ["large", "other"] {
        database.create_tenant(name, AT).await.expect("it is made");
        let store = open(&*database, name).await;
        let ids: Vec<String> = (0..1200).map(|number| number.to_string()).collect();
        let mut writes: Vec<Write> = ids.iter().map(|id| insert(named(id, id))).collect();
        writes.push(insert(plain(group("g"))));
        writes.extend(ids.iter().map(|id| link(group("g"), user(id))));
        commit(&*store, writes).await;
    }
    let large = open(&*database, "large").await;
    database.delete_tenant("large").await.expect("it is deleted");
    is_empty(&*large).await;
    let other = open(&*database, "other").await;
    let page = other.find(query(Vec::new())).await.expect("find succeeds");
    assert_eq!((page.hits.len(), page.total), (1000, Some(1200)));
    assert_eq!(linked_ids(&*other, group("g"), Direction::Outgoing, 500).await.len(), 1200);
}
