//! Everything of a kind that a filter leaves, page by page: for what the service keeps for itself, and for look-ups of one.

use crate::limits;
use crate::port::Ports;
use crate::store::{Entry, Node, Query, Refusal, Window};

/// The entries in the order of creation, at most about `bound` of them. A store that ignores filters returns others, too.
pub(super) fn find_all(
    ports: &Ports<'_>,
    kind: &str,
    filter: &[Node],
    bound: usize,
) -> Result<Vec<Entry>, Refusal> {
    let mut found = Vec::new();
    let mut window = Window::Offset(0);
    loop {
        let page = ports.store.find(Query {
            kind: kind.to_owned(),
            filter: filter.to_vec(),
            order: None,
            window,
            limit: limits::SCAN_PAGE,
            count: false,
        })?;
        let is_last = page.is_last(limits::SCAN_PAGE);
        let last = page.hits.last().map(|(_, position)| position.clone());
        found.extend(page.hits.into_iter().map(|(entry, _)| entry));
        match last {
            Some(position) if !is_last && found.len() < bound => window = Window::After(position),
            _ => return Ok(found),
        }
    }
}
