//! What a store must take, and what every store refuses.

use std::sync::Arc;

use scimlet::store::{Draft, Node, Query, Refusal, Scalar, Write};

use super::Stores;
use super::kit::*;
use super::shelf::page;

fn is_too_many(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::TooMany(_))
}

pub async fn too_many_changes(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    // What `wit/store.wit` promises is taken.
    commit(&*store, (0..20_000).map(|_| adjust("n", 1, None)).collect()).await;
    assert_eq!(counter(&*store, "n").await, 20_000);
    let (_, refusal) = refused(&*store, vec![unlink_all(group("")); 1_000_000]).await;
    assert!(is_too_many(&refusal), "{refusal:?}");
    let link = member(group("g"), user("1"));
    let (write, refusal) = refused(
        &*store,
        vec![append("x"), Write::Link(vec![link; 1_000_000])],
    )
    .await;
    assert!(write == 1 && is_too_many(&refusal), "{refusal:?}");
}

pub async fn too_many_keys(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    commit(&*store, vec![insert(plain(user("1")))]).await;
    let entries = store
        .get(vec![user("1"); 10_000])
        .await
        .expect("as many as promised");
    assert_eq!(entries.iter().flatten().count(), 10_000);
    let many = 1_000_000;
    let refusals = [
        store.get(vec![user(""); many]).await.map(|_| ()),
        store
            .has(vec![member(user(""), user("")); many])
            .await
            .map(|_| ()),
        store.counters(vec![String::new(); many]).await.map(|_| ()),
        store
            .find(query(vec![Node::Any(0); many]))
            .await
            .map(|_| ()),
    ];
    for refusal in refusals {
        assert!(
            matches!(&refusal, Err(refusal) if is_too_many(refusal)),
            "{refusal:?}"
        );
    }
}

pub async fn too_many_hits(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    page(
        &*store,
        &Query {
            limit: 1000,
            ..query(Vec::new())
        },
    )
    .await;
    let refusal = store
        .find(Query {
            limit: u32::MAX,
            ..query(Vec::new())
        })
        .await;
    assert!(
        matches!(&refusal, Err(refusal) if is_too_many(refusal)),
        "{refusal:?}"
    );
}

pub async fn long_texts_are_invalid(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    let holding = |id: &str, bytes: usize| {
        // Two bytes a character: the bound is on bytes.
        let value = format!("{}{}", "é".repeat(bytes / 2), "x".repeat(bytes % 2));
        draft(user(id), vec![unique("userName", &value)])
    };
    commit(&*store, vec![insert(holding("1", 512))]).await;
    for write in [insert(holding("2", 513)), replace(holding("1", 514), 1)] {
        let (write, refusal) = refused(&*store, vec![append("x"), write]).await;
        assert!(
            write == 1 && matches!(refusal, Refusal::Invalid(_)),
            "{refusal:?}"
        );
    }
}

pub async fn numbers_are_finite(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let writes = vec![insert(draft(
            user("1"),
            vec![term("x", Scalar::Number(number))],
        ))];
        let (write, refusal) = refused(&*store, writes).await;
        assert!(
            write == 0 && matches!(refusal, Refusal::Invalid(_)),
            "{refusal:?}"
        );
    }
}

pub async fn large_bodies(stores: Arc<dyn Stores>) {
    let store = stores.fresh().await;
    let body = "é".repeat(500_000);
    commit(
        &*store,
        vec![insert(Draft {
            body: body.clone(),
            ..plain(user("1"))
        })],
    )
    .await;
    assert!(get(&*store, user("1")).await.expect("it is there").body == body);
    let hits = page(&*store, &query(Vec::new())).await.hits;
    assert!(hits[0].entry.body == body);
}
