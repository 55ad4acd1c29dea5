//! The matches of one resource type in their order, read page by page as needed, beginning at a
//! cursor's mark. The cost of continuing does not depend on the position in the list, unless the
//! store cannot sort.

use std::collections::VecDeque;

use super::errors::{invalid_cursor, too_many};
use super::matches::{Match, order};
use super::plan::Plan;
use crate::cursor::{Mark, SortPosition};
use crate::error::{Error, ErrorKind};
use crate::store::Window;
use crate::{limits, sort};

/// The matches of one type.
pub(super) struct MatchStream<'a> {
    bound: &'a Plan<'a>,
    /// Matches that were read and not taken yet, each with the mark before it.
    ready: VecDeque<(Mark, Match)>,
    /// The mark after everything that was read.
    next: Mark,
    /// How many entries to read per call.
    chunk: u32,
    /// How many more entries may be read for the page.
    budget: usize,
}

impl<'a> MatchStream<'a> {
    /// Begins at a mark; about `wanted` matches will be taken.
    pub fn new(bound: &'a Plan<'a>, mark: Mark, wanted: usize) -> Self {
        let one_more = wanted.saturating_add(1).min(limits::PAGE_MAX);
        let chunk = u32::try_from(one_more).unwrap_or(limits::SCAN_PAGE);
        let weakened = bound.pushed.weakened;
        Self {
            bound,
            ready: VecDeque::new(),
            next: if bound.is_never() { Mark::Done } else { mark },
            chunk: if weakened { limits::SCAN_PAGE } else { chunk },
            budget: limits::SCAN_ENTRIES,
        }
    }

    /// Reads until the first match, or the end, is known; returns false if that requires too much
    /// reading for one page.
    pub fn is_known(&mut self) -> Result<bool, Error> {
        while self.ready.is_empty() && self.next != Mark::Done {
            if self.budget == 0 {
                return Ok(false);
            }
            self.read()?;
        }
        Ok(true)
    }

    /// Returns the first match, if one has been read.
    pub fn first(&self) -> Option<&Match> {
        self.ready.front().map(|(_, found)| found)
    }

    /// Takes the first match, and the mark before it.
    pub fn take(&mut self) -> Option<(Mark, Match)> {
        self.ready.pop_front()
    }

    /// Returns the mark at which to continue: before the first match that was not taken.
    pub fn mark(mut self) -> Mark {
        match self.ready.pop_front() {
            Some((before, _)) => before,
            None => self.next,
        }
    }

    fn read(&mut self) -> Result<(), Error> {
        let window = match &self.next {
            Mark::Start => {
                if let Some(found) = self.bound.named()? {
                    let found = found.into_iter().map(|found| (Mark::Start, found));
                    self.ready = found.collect();
                    self.next = Mark::Done;
                    return Ok(());
                }
                if self.bound.is_sorted_here() {
                    return self.sorted_here();
                }
                Window::Offset(0)
            }
            Mark::After(position) => Window::After(position.clone()),
            Mark::Behind(_) => return self.sorted_here(),
            Mark::Done => return Ok(()),
        };
        self.read_page(window)
    }

    fn read_page(&mut self, window: Window) -> Result<(), Error> {
        let resumed = matches!(window, Window::After(_));
        let page = self.bound.find(window, self.chunk, false);
        let page = page.map_err(|error| match error.kind {
            // The cursor is valid, but the store has been replaced by another one since.
            ErrorKind::Internal if resumed => invalid_cursor(&error.cause.unwrap_or_default()),
            _ => error,
        })?;
        if !self.bound.is_ordered(&page) {
            return if resumed {
                Err(invalid_cursor("the store does not order any more"))
            } else {
                self.sorted_here()
            };
        }
        let is_last = page.is_last(self.chunk);
        self.budget = self.budget.saturating_sub(page.hits.len());
        if !self.bound.is_exact(&page) {
            self.chunk = limits::SCAN_PAGE;
        }
        for (found, position) in self.bound.filtered(page, self.bound.is_keyed())? {
            let before = std::mem::replace(&mut self.next, Mark::After(position));
            self.ready.extend(found.map(|found| (before, found)));
        }
        if is_last {
            self.next = Mark::Done;
        }
        Ok(())
    }

    /// Reads everything after the mark, a limited number of entries, and sorts it here, since the
    /// store cannot.
    fn sorted_here(&mut self) -> Result<(), Error> {
        let descending = self.bound.sort.as_ref().is_some_and(|sort| sort.descending);
        let mut found = self.bound.scanned()?.ok_or_else(too_many)?;
        order(&mut found, &|a, b| a.compare(b, descending).then_with(|| tie(a).cmp(&tie(b))));
        for one in found {
            let passed = matches!(&self.next,
                Mark::Behind(last) if is_behind(last, &one, descending));
            if !passed {
                let before = std::mem::replace(&mut self.next, Mark::Behind(place(&one)));
                self.ready.push_back((before, one));
            }
        }
        self.next = Mark::Done;
        Ok(())
    }
}

fn place(found: &Match) -> SortPosition {
    SortPosition { key: found.key.clone(), created: found.created, id: found.at.id.clone() }
}

/// Ties are ordered by creation, even when descending.
fn tie(found: &Match) -> (u64, &str) {
    (found.created, &found.at.id)
}

/// Returns whether a position is that of the resource or behind it.
fn is_behind(place: &SortPosition, found: &Match, descending: bool) -> bool {
    sort::compare(found.key.as_ref(), place.key.as_ref(), descending)
        .then_with(|| tie(found).cmp(&(place.created, &place.id)))
        .is_le()
}
