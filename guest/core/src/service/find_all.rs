//! Reads all entries of a kind that match a filter, page by page: for the service's own entries,
//! and for look-ups of single entries.

use crate::limits;
use crate::port::Ports;
use crate::store::{Entry, Node, Query, Refusal, Window};

/// Returns the entries in the order of creation, at most about `bound` of them. A store that
/// ignores filters also returns entries that do not match.
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
        let last = page.hits.last().map(|hit| hit.position.clone());
        found.extend(page.hits.into_iter().map(|hit| hit.entry));
        match last {
            Some(position) if !is_last && found.len() < bound => window = Window::After(position),
            _ => return Ok(found),
        }
    }
}
