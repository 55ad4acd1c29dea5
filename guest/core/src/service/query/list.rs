//! A part of a list by index: RFC 7644 section 3.4.2.4.

use super::bound::{Bound, Found};
use super::too_many;
use crate::error::Error;
use crate::page::Index;
use crate::resource::Resource;
use crate::{limits, sort};

/// How many resources match, and those in the part, each with its type's place among the bound ones.
type Part = (u64, Vec<(usize, Resource)>);

/// The part of the list. `order` says whether it is sorted, and then whether it descends.
pub(super) fn part(bounds: &[Bound<'_>], order: Option<bool>, part: Index) -> Result<Part, Error> {
    match order {
        Some(descending) if bounds.len() > 1 => merged(bounds, descending, part),
        _ => in_turn(bounds, part),
    }
}

/// Type after type.
fn in_turn(bounds: &[Bound<'_>], part: Index) -> Result<Part, Error> {
    let (mut skip, mut left) = (part.offset(), part.count);
    let (mut total, mut found) = (0, Vec::new());
    for (rank, bound) in bounds.iter().enumerate() {
        let (matches, part) = bound.part(skip, left)?;
        total += matches;
        skip = skip.saturating_sub(matches);
        left = left.saturating_sub(part.len());
        found.extend(part.into_iter().map(|found| (rank, found.resource)));
    }
    Ok((total, found))
}

/// Sorted across types: of each as many as could be in the part, in bounded number.
fn merged(bounds: &[Bound<'_>], descending: bool, part: Index) -> Result<Part, Error> {
    let offset = usize::try_from(part.offset()).unwrap_or(usize::MAX);
    let wanted = offset.saturating_add(part.count);
    let (mut total, mut found): (u64, Vec<(usize, Found)>) = (0, Vec::new());
    for (rank, bound) in bounds.iter().enumerate() {
        let (matches, first) = bound.part(0, wanted.min(limits::SCAN_ENTRIES))?;
        total += matches;
        found.extend(first.into_iter().map(|found| (rank, found)));
    }
    let reached = usize::try_from(total).is_ok_and(|total| total <= limits::SCAN_ENTRIES);
    if wanted > limits::SCAN_ENTRIES && !reached {
        return Err(too_many());
    }
    found.sort_by(|(_, a), (_, b)| sort::compare(a.key.as_ref(), b.key.as_ref(), descending));
    let page = found.into_iter().skip(offset).take(part.count);
    let page = page.map(|(rank, found)| (rank, found.resource));
    Ok((total, page.collect()))
}
