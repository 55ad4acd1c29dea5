//! Entries of which a case knows the terms, so that it can say itself what a query must find.

use std::cmp::Ordering;

use crate::Store;
use scimlet_store::{
    Direction, Draft, Link, Node, Order, Page, Query, Relation, Scalar, Window, Write,
};

use super::kit::{AT, insert, query};
use crate::broken::{Checked, OrBroken, check, check_eq};
use scimlet_store::evaluate;

/// The entries and links that were put into a store, in the order of creation.
#[derive(Clone, Default)]
pub struct Fixture {
    /// The entries.
    pub drafts: Vec<Draft>,
    /// The links between them.
    pub links: Vec<Link>,
}

impl Fixture {
    /// Puts the entries and links into the store.
    pub async fn stock(
        store: &dyn Store,
        drafts: Vec<Draft>,
        links: Vec<Link>,
    ) -> Checked<Fixture> {
        let mut writes: Vec<Write> = drafts.iter().cloned().map(insert).collect();
        writes.push(Write::Link(links.clone()));
        for writes in writes.chunks(5000) {
            let done = store.commit(AT, "tester".into(), writes.to_vec()).await;
            done.or_broken("the fixture is stored")?;
        }
        Ok(Fixture { drafts, links })
    }

    fn draft(&self, id: &str, kind: &str) -> Option<&Draft> {
        self.drafts.iter().find(|draft| draft.key.id == id && draft.key.kind == kind)
    }

    fn holds(&self, draft: &Draft, filter: &[Node]) -> bool {
        let linked = |relation: &Relation| {
            let (source, target) = match relation.direction {
                Direction::Outgoing => (&draft.key, &relation.other),
                Direction::Incoming => (&relation.other, &draft.key),
            };
            self.links.iter().any(|link| {
                link.source == *source && link.target == *target && link.name == relation.name
            })
        };
        evaluate::holds(filter, &draft.terms, linked).expect("the case's filter is well-formed")
    }

    fn compare(&self, a: &Draft, b: &Draft, order: Option<&Order>) -> Ordering {
        let Some(order) = order else {
            return Ordering::Equal;
        };
        evaluate::place(value(a, &order.path), value(b, &order.path), order.descending)
    }

    /// The ids that the query must find, in their order.
    pub fn expected(&self, query: &Query) -> Vec<String> {
        let of_kind = self.drafts.iter().filter(|draft| draft.key.kind == query.kind);
        let mut found: Vec<&Draft> =
            of_kind.filter(|draft| self.holds(draft, &query.filter)).collect();
        found.sort_by(|a, b| self.compare(a, b, query.order.as_ref()));
        found.into_iter().map(|draft| draft.key.id.clone()).collect()
    }

    /// Returns the ids that a store returned, filtered and sorted here if the store left that to
    /// its caller.
    fn judge(&self, query: &Query, walk: &Walk) -> Checked<Vec<String>> {
        let draft =
            |id: &String| self.draft(id, &query.kind).or_broken("a hit is an entry of the fixture");
        let mut drafts: Vec<&Draft> = walk.ids.iter().map(draft).collect::<Checked<_>>()?;
        if !walk.exact {
            drafts.retain(|draft| self.holds(draft, &query.filter));
        }
        if !walk.ordered {
            drafts.sort_by(|a, b| self.compare(a, b, query.order.as_ref()));
        }
        Ok(drafts.into_iter().map(|draft| draft.key.id.clone()).collect())
    }

    /// Asks for all at once and in pages of several sizes, and expects the ids that the plain
    /// evaluator finds.
    pub async fn check(
        &self,
        store: &dyn Store,
        filter: Vec<Node>,
        order: Option<Order>,
    ) -> Checked<Vec<String>> {
        let query = Query { order, ..query(filter) };
        let expected = self.expected(&query);
        for limit in [1000, 7, 1] {
            if limit == 1 && self.drafts.len() > 100 {
                continue;
            }
            let walk = walk(store, &Query { limit, ..query.clone() }).await?;
            let found = self.judge(&query, &walk)?;
            check_eq!(found, expected, "pages of {limit} for {query:?}");
            check_eq!(walk.total, Some(walk.ids.len() as u64), "the total of {query:?}");
        }
        Ok(expected)
    }
}

fn value<'draft>(draft: &'draft Draft, path: &str) -> Option<&'draft Scalar> {
    draft.terms.iter().find(|term| term.path == path).map(|term| &term.value)
}

/// All pages of a query together.
pub struct Walk {
    /// The hits, in their order.
    pub ids: Vec<String>,
    /// Whether all pages were exact.
    pub exact: bool,
    /// Whether all pages were ordered.
    pub ordered: bool,
    /// The total of the first page.
    pub total: Option<u64>,
}

/// Goes through all pages of a query, each behind the last hit of the one before.
pub async fn walk(store: &dyn Store, query: &Query) -> Checked<Walk> {
    let mut query = query.clone();
    let mut walk = Walk { ids: Vec::new(), exact: true, ordered: true, total: None };
    loop {
        let page = page(store, &query).await?;
        walk.exact &= page.exact;
        walk.ordered &= page.ordered;
        if walk.ids.is_empty() {
            walk.total = page.total;
        }
        let last = page.hits.last().map(|hit| hit.position.clone());
        let full = page.hits.len() == query.limit as usize;
        walk.ids.extend(page.hits.into_iter().map(|hit| hit.entry.key.id));
        match last {
            Some(position) if full => query.window = Window::After(position),
            _ => return Ok(walk),
        }
    }
}

/// One page, which must not be larger than asked.
pub async fn page(store: &dyn Store, query: &Query) -> Checked<Page> {
    let page = store.find(query.clone()).await.or_broken("find succeeds")?;
    check!(page.hits.len() <= query.limit as usize, "a page has at most `limit` hits");
    check_eq!(page.total.is_some(), query.count, "`total` is there when it is wanted");
    for hit in &page.hits {
        check_eq!(hit.entry.key.kind, query.kind, "hits are of the kind");
    }
    Ok(page)
}
