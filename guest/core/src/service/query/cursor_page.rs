//! Pages of a list by cursor: RFC 9865. A page may end early, but the list never ends before its
//! real end; a resource that exists throughout is on exactly one page, whatever else is created or
//! deleted meanwhile.

use super::super::{Session, secret};
use super::errors::invalid_cursor;
use super::match_stream::MatchStream;
use super::matches::Match;
use super::plan::Plan;
use crate::cursor::{self, Binding, Cursor, KEY_BYTES, Mark};
use crate::error::{Error, ErrorKind};
use crate::limits;

/// A page of a list.
pub(super) struct CursorPage {
    /// How many resources matched when the first page was made; `None` if counting would have
    /// required too much reading (RFC 9865 section 2).
    pub total: Option<u64>,
    /// The resources, each with the index of its type's plan.
    found: Vec<(usize, Match)>,
    /// For each resource, the index of its type's plan and the mark at which that type would
    /// continue before it.
    before: Vec<(usize, Mark)>,
    /// For each type, the mark at which it continues after the page.
    behind: Vec<Mark>,
    has_more: bool,
    query: Binding,
    key: Option<[u8; KEY_BYTES]>,
    count: usize,
}

/// Returns the page for a cursor, the first one if it is empty. `order` is `None` for an unsorted
/// list, else whether the order is descending.
pub(super) fn page(
    session: &Session<'_>,
    bounds: &[Plan<'_>],
    order: Option<bool>,
    cursor: &str,
    count: usize,
) -> Result<CursorPage, Error> {
    let mut query = Binding::default();
    bounds.iter().for_each(|bound| bound.bind(&mut query));
    let (key, total, marks) = if cursor.is_empty() {
        (None, total(bounds)?, vec![Mark::Start; bounds.len()])
    } else {
        let key = secret::load(session)?;
        let opened = opened(session, &key, cursor, &query)?;
        if opened.count != count {
            let detail = "`count` must be that of the first page";
            return Err(Error::new(ErrorKind::InvalidCount, detail));
        }
        (Some(key), opened.total, opened.marks)
    };
    let mut page = CursorPage {
        total,
        found: Vec::new(),
        before: Vec::new(),
        behind: Vec::new(),
        has_more: false,
        query,
        key,
        count,
    };
    // A list with pages of no resources would never end.
    if count == 0 {
        return Ok(page);
    }
    let sources = bounds.iter().zip(marks);
    let mut walk = CursorWalk {
        sources: sources.map(|(bound, mark)| MatchStream::new(bound, mark, count)).collect(),
        order,
    };
    page.has_more = walk.fill(&mut page)?;
    page.behind = walk.sources.into_iter().map(MatchStream::mark).collect();
    Ok(page)
}

impl CursorPage {
    /// Takes the resources out, each with the index of its type's plan.
    pub fn take(&mut self) -> Vec<(usize, Match)> {
        std::mem::take(&mut self.found)
    }

    /// Returns the cursor of the next page if only the first `passed` resources are on this one;
    /// `None` if nothing follows.
    pub fn next(self, session: &Session<'_>, passed: usize) -> Result<Option<String>, Error> {
        let is_cut = passed < self.before.len();
        if !is_cut && !self.has_more {
            return Ok(None);
        }
        let mut marks = self.behind;
        // Each type continues before the first of its resources that is not shown.
        for (rank, before) in self.before.into_iter().skip(passed).rev() {
            if let Some(mark) = marks.get_mut(rank) {
                *mark = before;
            }
        }
        let text = sealed(session, self.key, &self.query, (self.count, self.total, marks))?;
        Ok(Some(text))
    }
}

fn total(bounds: &[Plan<'_>]) -> Result<Option<u64>, Error> {
    let mut totals = bounds.iter().map(Plan::total);
    totals.try_fold(Some(0), |sum, total| Ok(total?.zip(sum).map(|(total, sum)| sum + total)))
}

fn opened(
    session: &Session<'_>,
    key: &[u8; KEY_BYTES],
    text: &str,
    query: &Binding,
) -> Result<Cursor, Error> {
    let opened = cursor::open(text, key, query.bytes());
    let opened = opened.ok_or_else(|| invalid_cursor("it was not sealed here for this query"))?;
    if opened.expires <= session.ports.clock.now() {
        let detail =
            format!("the cursor has expired; it was good for {} seconds", limits::CURSOR_SECONDS);
        return Err(Error::new(ErrorKind::ExpiredCursor, detail));
    }
    Ok(opened)
}

fn sealed(
    session: &Session<'_>,
    key: Option<[u8; KEY_BYTES]>,
    query: &Binding,
    (count, total, marks): (usize, Option<u64>, Vec<Mark>),
) -> Result<String, Error> {
    let key = key.map_or_else(|| secret::load(session), Ok)?;
    let lifetime = limits::CURSOR_SECONDS * 1000;
    let cursor =
        Cursor { expires: session.ports.clock.now().saturating_add(lifetime), count, total, marks };
    let nonce = session.ports.random_bytes();
    let text = cursor::seal(&cursor, &key, nonce, query.bytes());
    text.ok_or_else(|| Error::internal("a cursor could not be sealed"))
}

/// The matches of all types in one order.
struct CursorWalk<'a> {
    sources: Vec<MatchStream<'a>>,
    order: Option<bool>,
}

/// The next match.
enum Next {
    /// The first match of the stream with this index.
    Of(usize),
    /// There are no more matches.
    End,
    /// Finding it would require too much reading for one page.
    Unknown,
}

impl CursorWalk<'_> {
    /// Adds as many matches as the page may have; returns whether there are more.
    fn fill(&mut self, page: &mut CursorPage) -> Result<bool, Error> {
        let mut bytes = 0;
        loop {
            let is_full = page.found.len() == page.count || bytes >= limits::HELD_BYTES;
            let rank = match self.next()? {
                Next::End => return Ok(false),
                Next::Unknown => return Ok(true),
                Next::Of(_) if is_full => return Ok(true),
                Next::Of(rank) => rank,
            };
            let taken = self.sources.get_mut(rank).and_then(MatchStream::take);
            if let Some((before, found)) = taken {
                bytes += found.bytes();
                page.before.push((rank, before));
                page.found.push((rank, found));
            }
        }
    }

    /// Returns the next match: without an order one stream follows the other; with one, the least
    /// first match.
    fn next(&mut self) -> Result<Next, Error> {
        let mut least: Option<usize> = None;
        for rank in 0..self.sources.len() {
            let source = self.sources.get_mut(rank);
            if let Some(source) = source
                && !source.is_known()?
            {
                return Ok(Next::Unknown);
            }
            if self.precedes(rank, least) {
                least = Some(rank);
            }
            if least.is_some() && self.order.is_none() {
                break;
            }
        }
        Ok(least.map_or(Next::End, Next::Of))
    }

    /// Returns whether the first match of one stream precedes that of the other.
    fn precedes(&self, rank: usize, other: Option<usize>) -> bool {
        let first = |rank: usize| self.sources.get(rank).and_then(MatchStream::first);
        let Some(own) = first(rank) else { return false };
        match (other.and_then(first), self.order) {
            (Some(other), Some(descending)) => own.compare(other, descending).is_lt(),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}
