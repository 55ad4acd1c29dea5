//! A part of a list by index: RFC 7644 section 3.4.2.4.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::errors::too_many;
use super::matches::Match;
use super::plan::Plan;
use crate::error::Error;
use crate::limits;
use crate::page::IndexPage;

/// How many resources match, and those in the part, each with the index of its type's plan.
type Part = (u64, Vec<(usize, Match)>);

/// Returns the part of the list, or its beginning if it is too large. `order` is `None` for an
/// unsorted list, else whether the order is descending.
pub(super) fn part(
    bounds: &[Plan<'_>],
    order: Option<bool>,
    part: IndexPage,
) -> Result<Part, Error> {
    match order {
        Some(descending) if bounds.len() > 1 => merged(bounds, descending, part),
        _ => in_turn(bounds, part),
    }
}

/// Returns the part of a list without an order: one type after the other.
fn in_turn(bounds: &[Plan<'_>], part: IndexPage) -> Result<Part, Error> {
    let (mut skip, mut left) = (part.offset(), part.count);
    let (mut total, mut found) = (0, Vec::new());
    for (rank, bound) in bounds.iter().enumerate() {
        let (matches, part) = bound.part(skip, left, false)?;
        total += matches;
        let reached = skip.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        // After a type that ended early, no resources of other types may follow.
        left = match reached < matches {
            true => 0,
            false => left.saturating_sub(part.len()),
        };
        skip = skip.saturating_sub(matches);
        found.extend(part.into_iter().map(|found| (rank, found)));
    }
    Ok((total, found))
}

/// Returns the part of a list sorted across types: of each type, a limited number of resources that
/// could be in the part.
fn merged(bounds: &[Plan<'_>], descending: bool, part: IndexPage) -> Result<Part, Error> {
    let offset = usize::try_from(part.offset()).unwrap_or(usize::MAX);
    let wanted = offset.saturating_add(part.count);
    let (mut total, mut firsts) = (0, Vec::new());
    for bound in bounds {
        let (matches, first) = bound.part(0, wanted.min(limits::SCAN_ENTRIES), true)?;
        total += matches;
        firsts.push(first.into_iter().peekable());
    }
    let reached = usize::try_from(total).is_ok_and(|total| total <= limits::SCAN_ENTRIES);
    if wanted > limits::SCAN_ENTRIES && !reached {
        return Err(too_many());
    }
    let mut found = Vec::new();
    for place in 0..wanted {
        let Some((rank, least)) = least(&mut firsts, descending) else {
            break;
        };
        if place >= offset {
            found.push((rank, least));
        }
    }
    Ok((total, found))
}

/// Takes the least of the lists' first matches; of equal ones, that of the first list.
fn least(lists: &mut [Peekable<IntoIter<Match>>], descending: bool) -> Option<(usize, Match)> {
    let mut least: Option<(usize, &Match)> = None;
    for (rank, list) in lists.iter_mut().enumerate() {
        if let Some(first) = list.peek()
            && least.is_none_or(|(_, least)| first.compare(least, descending).is_lt())
        {
            least = Some((rank, first));
        }
    }
    let rank = least?.0;
    Some((rank, lists.get_mut(rank)?.next()?))
}
