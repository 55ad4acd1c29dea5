//! A page of a walk by cursor: RFC 9865. A walk may end a page early, but never reports an end that is none; what is there all
//! along is on exactly one page of it, whatever else is made or deleted meanwhile.

use super::super::{Session, secret};
use super::bound::Bound;
use super::source::Source;
use crate::cursor::{self, Binding, Cursor, KEY_BYTES, Mark};
use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::resource::Resource;

/// A page.
pub(super) struct Page {
    /// How many matched when the walk began; `None` if that would have taken too much reading (RFC 9865 section 2).
    pub total: Option<u64>,
    /// The cursor of the next page; `None` if this is the last one.
    pub next: Option<String>,
    /// The resources, each with its type's place among the bound ones.
    pub found: Vec<(usize, Resource)>,
}

/// The page that the cursor stands for, the first one if it is empty. `order` says whether the list is sorted, and then whether
/// it descends.
pub(super) fn page(
    session: &Session<'_>,
    bounds: &[Bound<'_>],
    order: Option<bool>,
    cursor: &str,
    count: usize,
) -> Result<Page, Error> {
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
    let mut page = Page {
        total,
        next: None,
        found: Vec::new(),
    };
    // No number of pages of no resources would come to an end.
    if count == 0 {
        return Ok(page);
    }
    let sources = bounds.iter().zip(marks);
    let mut walk = Walk {
        sources: sources
            .map(|(bound, mark)| Source::new(bound, mark, count))
            .collect(),
        order,
    };
    if walk.fill(&mut page.found, count)? {
        let marks = walk.sources.into_iter().map(Source::mark).collect();
        page.next = Some(sealed(session, key, &query, (count, total, marks))?);
    }
    Ok(page)
}

fn total(bounds: &[Bound<'_>]) -> Result<Option<u64>, Error> {
    let mut totals = bounds.iter().map(Bound::total);
    totals.try_fold(Some(0), |sum, total| {
        Ok(total?.zip(sum).map(|(total, sum)| sum + total))
    })
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
        let detail = format!(
            "the cursor has expired; it was good for {} seconds",
            limits::CURSOR_SECONDS
        );
        return Err(Error::new(ErrorKind::ExpiredCursor, detail));
    }
    Ok(opened)
}

/// One answer for all bad cursors (RFC 9865 section 5.2); the journal knows the difference.
pub(super) fn invalid_cursor(why: &str) -> Error {
    let detail = "the cursor is none of this query; begin again with an empty one";
    Error::new(ErrorKind::InvalidCursor, detail).because(why)
}

fn sealed(
    session: &Session<'_>,
    key: Option<[u8; KEY_BYTES]>,
    query: &Binding,
    (count, total, marks): (usize, Option<u64>, Vec<Mark>),
) -> Result<String, Error> {
    let key = key.map_or_else(|| secret::load(session), Ok)?;
    let lifetime = limits::CURSOR_SECONDS * 1000;
    let cursor = Cursor {
        expires: session.ports.clock.now().saturating_add(lifetime),
        count,
        total,
        marks,
    };
    let nonce = session.ports.random_bytes();
    let text = cursor::seal(&cursor, &key, nonce, query.bytes());
    text.ok_or_else(|| Error::internal("a cursor could not be sealed"))
}

/// The matches of all types in one order.
struct Walk<'a> {
    sources: Vec<Source<'a>>,
    order: Option<bool>,
}

/// What stands next.
enum Next {
    /// The first match of the source of this rank.
    Of(usize),
    /// Nothing.
    End,
    /// That would take too much reading for one page.
    Unknown,
}

impl Walk<'_> {
    /// Takes up to `count` matches; returns whether there is more.
    fn fill(&mut self, found: &mut Vec<(usize, Resource)>, count: usize) -> Result<bool, Error> {
        loop {
            let rank = match self.next()? {
                Next::End => return Ok(false),
                Next::Unknown => return Ok(true),
                Next::Of(_) if found.len() == count => return Ok(true),
                Next::Of(rank) => rank,
            };
            let taken = self.sources.get_mut(rank).and_then(Source::take);
            found.extend(taken.map(|taken| (rank, taken.resource)));
        }
    }

    /// Without an order one source comes after the other; with one, the least of their first matches does.
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

    /// Whether the first match of one source stands before that of the other.
    fn precedes(&self, rank: usize, other: Option<usize>) -> bool {
        let first = |rank: usize| self.sources.get(rank).and_then(Source::first);
        let Some(own) = first(rank) else { return false };
        match (other.and_then(first), self.order) {
            (Some(other), Some(descending)) => own.compare(other, descending).is_lt(),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}
