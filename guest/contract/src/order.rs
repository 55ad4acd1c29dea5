//! Orders and positions.

use std::sync::Arc;

use scimlet_store::{Draft, Node, Operator, Query, Refusal, Scalar, Window};

use super::Stores;
use super::fixture::{Fixture, page, walk};
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

fn with(values: impl IntoIterator<Item = Scalar>) -> Vec<Draft> {
    let drafts = values.into_iter().enumerate();
    drafts.map(|(index, value)| draft(user(&index.to_string()), vec![term("x", value)])).collect()
}

pub async fn text_is_ordered_by_its_bytes(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    // In UTF-16, which JavaScript and Java compare, the last two would come before U+E000.
    let texts = [
        "b",
        "a",
        "Z",
        "",
        "é",
        "a\u{1}",
        "aa",
        "\u{E000}",
        "\u{FFFF}",
        "\u{10000}",
        "\u{1F600}",
        "\u{D7FF}",
        "10",
        "9",
        "ß",
        "ss",
    ];
    let fixture = Fixture::stock(&*store, with(texts.map(text)), Vec::new()).await?;
    let ascending = fixture.check(&*store, Vec::new(), order("x", false)).await?;
    let mut expected = texts.to_vec();
    expected.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let found: Vec<_> =
        ascending.iter().map(|id| texts[id.parse::<usize>().expect("ids are numbers")]).collect();
    check_eq!(found, expected);
    fixture.check(&*store, Vec::new(), order("x", true)).await?;
    Ok(())
}

pub async fn numbers_and_booleans_are_ordered(stores: Arc<dyn Stores>) -> Checked {
    for values in [
        [10.0, 9.0, -1.0, 0.0, -0.0, 1e300, -1e300, 0.1].map(Scalar::Number),
        [true, false, true, true, false, false, true, false].map(Scalar::Boolean),
    ] {
        let store = stores.fresh().await?;
        let fixture = Fixture::stock(&*store, with(values), Vec::new()).await?;
        fixture.check(&*store, Vec::new(), order("x", false)).await?;
        fixture.check(&*store, Vec::new(), order("x", true)).await?;
    }
    Ok(())
}

fn partly() -> Vec<Draft> {
    let person = |number: u32| {
        let title =
            (number % 3 != 1).then(|| term("title", text(["b", "a"][(number % 2) as usize])));
        let even = term("even", Scalar::Boolean(number.is_multiple_of(2)));
        draft(user(&number.to_string()), title.into_iter().chain([even]).collect())
    };
    (0..20).map(person).collect()
}

pub async fn entries_without_the_term_stand_at_the_end(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, partly(), Vec::new()).await?;
    let ascending = fixture.check(&*store, Vec::new(), order("title", false)).await?;
    check_eq!(ascending[..2], ["3", "5"]);
    check_eq!(ascending[18..], ["16", "19"]);
    let descending = fixture.check(&*store, Vec::new(), order("title", true)).await?;
    check_eq!(descending[..2], ["1", "4"]);
    fixture.check(&*store, Vec::new(), order("nobody.has.it", true)).await?;
    Ok(())
}

pub async fn ties_stay_in_the_order_of_creation(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, partly(), Vec::new()).await?;
    let evens = ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"];
    check_eq!(fixture.check(&*store, Vec::new(), order("even", true)).await?[..10], evens);
    check_eq!(fixture.check(&*store, Vec::new(), order("even", false)).await?[10..], evens);
    // A replaced entry keeps its place.
    commit(&*store, vec![replace(fixture.drafts[4].clone(), 1)]).await?;
    fixture.check(&*store, Vec::new(), order("even", true)).await?;
    fixture.check(&*store, Vec::new(), None).await?;
    Ok(())
}

pub async fn positions_outlive_their_entries(stores: Arc<dyn Stores>) -> Checked {
    for order in [None, order("title", false), order("title", true)] {
        let store = stores.fresh().await?;
        let fixture = Fixture::stock(&*store, partly(), Vec::new()).await?;
        let query = Query { order, limit: 1, ..query(Vec::new()) };
        let expected = if walk(&*store, &query).await?.ordered {
            fixture.expected(&query)
        } else {
            fixture.drafts.iter().map(|draft| draft.key.id.clone()).collect()
        };
        let mut window = Window::Offset(0);
        for id in &expected {
            let hits = page(&*store, &Query { window, ..query.clone() }).await?.hits;
            let hit = hits.first().or_broken("a hit")?;
            check_eq!(&hit.entry.key.id, id);
            commit(&*store, vec![remove(user(id))]).await?;
            window = Window::After(hit.position.clone());
        }
        check!(page(&*store, &Query { window, ..query }).await?.hits.is_empty());
    }
    Ok(())
}

pub async fn an_ordered_walk_with_a_filter(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, partly(), Vec::new()).await?;
    let even = compare("even", Operator::Equal, Scalar::Boolean(true));
    for filter in [
        vec![even.clone()],
        vec![even, Node::Negate],
        vec![Node::Present("title".into()), Node::Negate],
    ] {
        fixture.check(&*store, filter.clone(), order("title", false)).await?;
        fixture.check(&*store, filter, order("title", true)).await?;
    }
    Ok(())
}

pub async fn what_is_no_position_is_invalid(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo"))]).await?;
    let long = "A".repeat(100_000);
    for position in ["", "?", "0", "AAAA", "\0", &long] {
        for order in [None, order("userName", false)] {
            let window = Window::After(position.into());
            let answer = store.find(Query { window, order, ..query(Vec::new()) }).await;
            check!(matches!(answer, Err(Refusal::Invalid(_))), "{position:?}: {answer:?}");
        }
    }
    Ok(())
}

/// A walk through so many entries that a store reads an index rather than sort.
pub async fn a_long_ordered_walk(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let person = |number: u64| {
        let mut terms = vec![unique("userName", &format!("{:06}", (number * 7919) % 8_999))];
        if number % 5 != 2 {
            terms.push(term("city", text(["Ulm", "Bonn", "Köln"][(number % 3) as usize])));
        }
        draft(user(&number.to_string()), terms)
    };
    let fixture = Fixture::stock(&*store, (0..8_999).map(person).collect(), Vec::new()).await?;
    for order in [
        order("userName", false),
        order("userName", true),
        order("city", false),
        order("city", true),
    ] {
        for filter in [Vec::new(), vec![compare("userName", Operator::Greater, text("000009"))]] {
            let query = Query { order: order.clone(), limit: 411, ..query(filter) };
            let found = walk(&*store, &query).await?;
            if found.exact && found.ordered {
                check!(found.ids == fixture.expected(&query), "{query:?}");
            }
            check_eq!(found.total, Some(found.ids.len() as u64));
        }
    }
    Ok(())
}
