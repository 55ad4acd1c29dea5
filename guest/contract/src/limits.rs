//! The sizes that a store must accept, and the values that every store refuses.

use std::sync::Arc;

use scimlet_store::{
    Direction, Draft, Node, Operator, Query, Refusal, Rejection, Scalar, Window, Write,
};

use super::Stores;
use super::fixture::{Fixture, page};
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

/// More writes, keys or nodes than any store takes in one call.
const MANY: usize = 300_000;

fn is_too_many(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::TooMany(_))
}

pub async fn too_many_changes(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    // What `wit/store.wit` promises is taken.
    commit(&*store, (0..120_000).map(|_| adjust("n", 1, None)).collect()).await?;
    check_eq!(counter(&*store, "n").await?, 120_000);
    let (_, refusal) = refused(&*store, vec![unlink_all(group("")); MANY]).await?;
    check!(is_too_many(&refusal), "{refusal:?}");
    let link = member(group("g"), user("1"));
    let (write, refusal) =
        refused(&*store, vec![append("x"), Write::Link(vec![link; MANY])]).await?;
    check!(write == 1 && is_too_many(&refusal), "{refusal:?}");
    Ok(())
}

pub async fn too_many_keys(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(plain(user("1")))]).await?;
    let entries = store.get(vec![user("1"); 10_000]).await.or_broken("as many as promised")?;
    check_eq!(entries.iter().flatten().count(), 10_000);
    let refusals = [
        store.get(vec![user(""); MANY]).await.map(|_| ()),
        store.has(vec![member(user(""), user("")); MANY]).await.map(|_| ()),
        store.find(query(vec![Node::Any(0); MANY])).await.map(|_| ()),
    ];
    for refusal in refusals {
        check!(matches!(&refusal, Err(refusal) if is_too_many(refusal)), "{refusal:?}");
    }
    Ok(())
}

pub async fn too_many_hits(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    page(&*store, &Query { limit: 1000, ..query(Vec::new()) }).await?;
    let refusal = store.find(Query { limit: u32::MAX, ..query(Vec::new()) }).await;
    check!(matches!(&refusal, Err(refusal) if is_too_many(refusal)), "{refusal:?}");
    Ok(())
}

pub async fn long_texts_are_invalid(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let holding = |id: &str, bytes: usize| {
        // Two bytes a character: the bound is on bytes.
        let value = format!("{}{}", "é".repeat(bytes / 2), "x".repeat(bytes % 2));
        draft(user(id), vec![unique("userName", &value)])
    };
    commit(&*store, vec![insert(holding("1", 512))]).await?;
    for write in [insert(holding("2", 513)), replace(holding("1", 514), 1)] {
        let (write, refusal) = refused(&*store, vec![append("x"), write]).await?;
        check!(write == 1 && matches!(refusal, Refusal::Invalid(_)), "{refusal:?}");
    }
    Ok(())
}

pub async fn numbers_are_finite(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let writes = vec![insert(draft(user("1"), vec![term("x", Scalar::Number(number))]))];
        let (write, refusal) = refused(&*store, writes).await?;
        check!(write == 0 && matches!(refusal, Refusal::Invalid(_)), "{refusal:?}");
    }
    Ok(())
}

pub async fn large_bodies(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let body = "é".repeat(500_000);
    commit(&*store, vec![insert(Draft { body: body.clone(), ..plain(user("1")) })]).await?;
    check!(get(&*store, user("1")).await?.or_broken("it is there")?.body == body);
    let hits = page(&*store, &query(Vec::new())).await?.hits;
    check!(hits.first().or_broken("a hit")?.entry.body == body);
    Ok(())
}

/// A page of large entries may end early; one walk passes all of them all the same.
pub async fn pages_of_large_bodies(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let mut all = Vec::new();
    for number in 0..20 {
        let id = number.to_string();
        let body = "x".repeat(if number % 3 == 0 { 10 } else { 1_000_000 });
        let new = Draft { body, ..plain(user(&id)) };
        commit(&*store, vec![insert(new)]).await?;
        all.push(id);
    }
    let (mut seen, mut window) = (Vec::new(), Window::Offset(0));
    loop {
        let asked = Query { window, limit: 100, ..query(Vec::new()) };
        let hits = page(&*store, &asked).await?.hits;
        let bytes: usize = hits.iter().map(|hit| hit.entry.body.len()).sum();
        seen.extend(hits.iter().map(|hit| hit.entry.key.id.clone()));
        match hits.last() {
            Some(last) if bytes >= 4 << 20 => window = Window::After(last.position.clone()),
            _ => break,
        }
    }
    check_eq!(seen, all);
    let keys = |count: usize| all.iter().take(count).map(|id| user(id)).collect::<Vec<_>>();
    let got = store.get(keys(15)).await.or_broken("as much as promised")?;
    check_eq!(got.iter().flatten().count(), 15);
    if let Err(refusal) = store.get(keys(20)).await {
        check!(is_too_many(&refusal), "{refusal:?}");
    }
    Ok(())
}

/// U+0000 is the one character that a store may refuse; what it takes it keeps.
pub async fn nul_is_kept_or_invalid(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let whole = Draft { body: "{}\0".into(), ..draft(user("a\0b"), vec![term("x", text("a\0b"))]) };
    let in_body = Draft { body: "\0".into(), ..plain(user("b")) };
    let in_term = draft(user("c"), vec![term("x", text("\0"))]);
    for new in [whole, in_body, in_term] {
        let key = new.key.clone();
        let writes = vec![append("before"), insert(new.clone())];
        match store.commit(AT, "tester".into(), writes).await {
            Ok(_) => {
                let kept = get(&*store, key.clone()).await?.or_broken("it is there")?;
                check_eq!((kept.key, kept.body), (key, new.body));
            }
            Err(Rejection { write, reason }) => {
                check!(matches!(reason, Refusal::Invalid(_)), "{reason:?}");
                check_eq!((write, get(&*store, key).await?), (1, None));
            }
        }
    }
    Ok(())
}

/// A key, value or path with a NUL in a read finds nothing or is found: no read is refused as
/// invalid.
pub async fn nul_may_be_asked_for(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let texts = ["", "a", "a\u{1}", "ab", "b"].iter().enumerate();
    let drafts =
        texts.map(|(id, value)| draft(user(&id.to_string()), vec![term("x", text(value))]));
    let fixture = Fixture::stock(&*store, drafts.collect(), Vec::new()).await?;
    let operators = [
        Operator::Equal,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Contains,
        Operator::StartsWith,
        Operator::EndsWith,
    ];
    for operator in operators {
        for value in ["\0", "a\0", "a\0b", "b\0"] {
            let node = compare("x", operator, text(value));
            fixture.check(&*store, vec![node.clone()], None).await?;
            fixture.check(&*store, vec![node, Node::Negate], None).await?;
        }
    }
    for node in [Node::Present("\0".into()), linked(Direction::Outgoing, user("\0"))] {
        fixture.check(&*store, vec![node], order("\0", false)).await?;
    }
    check_eq!(get(&*store, user("\0")).await?, None);
    check!(!has(&*store, user("\0"), user("0")).await?);
    let links = linked_ids(&*store, user("\0"), Direction::Incoming, 9).await?;
    check!(links.is_empty());
    Ok(())
}
