//! Pages by offset, totals, and filters and kinds of a size that makes a store plan.

use std::sync::Arc;

use crate::Store;
use scimlet_store::{Node, Operator, Query, Scalar, Window};

use super::Stores;
use super::find::staff;
use super::fixture::{Fixture, page, walk};
use super::kit::*;
use crate::broken::{Checked, check, check_eq};

pub async fn totals_and_offsets(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    for filter in [Vec::new(), vec![Node::Present("title".into())]] {
        for order in [None, order("title", false), order("title", true)] {
            let query = Query { order, ..query(filter.clone()) };
            let all = walk(&*store, &query).await?;
            if all.exact && all.ordered {
                check_eq!(all.ids, fixture.expected(&query));
            }
            offsets(&*store, &query, &all.ids).await?;
        }
    }
    Ok(())
}

/// Pages by offset are cut from what the store returns without one.
async fn offsets(store: &dyn Store, query: &Query, all: &[String]) -> Checked {
    for offset in [0usize, 1, 9, 10, 11, 29, 30, 31, 39, 40, 41] {
        for limit in [0u32, 1, 5, 40] {
            let window = Window::Offset(offset as u64);
            let page = page(store, &Query { window, limit, ..query.clone() }).await?;
            let ids: Vec<_> = page.hits.into_iter().map(|hit| hit.entry.key.id).collect();
            let expected: Vec<_> = all.iter().skip(offset).take(limit as usize).cloned().collect();
            check_eq!(ids, expected, "{limit} behind {offset} of {query:?}");
            check_eq!(page.total, Some(all.len() as u64));
        }
    }
    let window = Window::Offset(u64::MAX);
    check!(page(store, &Query { window, ..query.clone() }).await?.hits.is_empty());
    Ok(())
}

pub async fn a_deep_filter(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    let mut negations = vec![equal("title", "boss")];
    negations.extend(std::iter::repeat_n(Node::Negate, 499));
    fixture.check(&*store, negations, None).await?;
    // ((a or b) and c) or d … as deep as a store must take it.
    let mut nested = vec![equal("title", "boss")];
    for depth in 0..49 {
        nested.push(compare("age", Operator::Less, Scalar::Number(f64::from(depth % 10))));
        nested.push(if depth % 2 == 0 { Node::All(2) } else { Node::Any(2) });
    }
    fixture.check(&*store, nested, order("age", false)).await?;
    Ok(())
}

pub async fn wide_filters(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let fixture = Fixture::stock(&*store, staff(), Vec::new()).await?;
    let mut any: Vec<Node> = (0..499).map(|n| equal("userName", &format!("user{n}"))).collect();
    any.push(Node::Any(499));
    check_eq!(fixture.check(&*store, any, None).await?.len(), 40);
    let age = |n: u32| compare("age", Operator::Greater, Scalar::Number(-f64::from(n)));
    let mut all: Vec<Node> = (0..99).map(age).collect();
    all.push(Node::All(99));
    fixture.check(&*store, all, None).await?;
    Ok(())
}

/// So many entries that a store may not want to collect and sort them.
pub async fn many_entries(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let person = |number: u32| {
        let mut terms = vec![
            unique("userName", &format!("{:05}", (u64::from(number) * 7919) % 9_001)),
            term("active", Scalar::Boolean(!number.is_multiple_of(100))),
        ];
        if number.is_multiple_of(3) {
            terms.push(term("third", Scalar::Number(f64::from(number % 7))));
        }
        draft(user(&number.to_string()), terms)
    };
    let fixture = Fixture::stock(&*store, (0..9_000).map(person).collect(), Vec::new()).await?;
    let active = compare("active", Operator::Equal, Scalar::Boolean(true));
    let filters = [
        vec![active.clone()],
        vec![active, Node::Negate],
        vec![
            compare("userName", Operator::Greater, text("00004")),
            equal("userName", "00007"),
            Node::All(2),
        ],
    ];
    for filter in filters {
        for order in [None, order("userName", true), order("third", false), order("third", true)] {
            let query = Query { order, ..query(filter.clone()) };
            let found = walk(&*store, &query).await?;
            if found.exact && found.ordered {
                check!(found.ids == fixture.expected(&query), "{query:?}");
                check_eq!(found.total, Some(found.ids.len() as u64));
                let window = Window::Offset(5_000);
                let page = page(&*store, &Query { window, ..query }).await?;
                let ids = page.hits.into_iter().map(|hit| hit.entry.key.id);
                check!(ids.eq(found.ids.into_iter().skip(5_000).take(1000)));
            }
        }
    }
    Ok(())
}
