//! The sums of counters.

use scimlet_store::{Adjustment, OrderedMap, Refusal};

/// Returns the sum of a counter after an adjustment; a sum below 0 becomes 0. The ceiling limits
/// only increases, so that seats can be released under a ceiling that was lowered.
///
/// # Errors
/// [`Refusal::OverCeiling`] for an increase beyond the ceiling.
pub fn adjusted(old: i64, adjustment: &Adjustment) -> Result<i64, Refusal> {
    let ceiling = i64::try_from(adjustment.ceiling.unwrap_or(u64::MAX)).unwrap_or(i64::MAX);
    match old.checked_add(adjustment.by).map(|new| new.max(0)) {
        Some(new) if new <= ceiling || adjustment.by < 0 => Ok(new),
        _ => Err(Refusal::OverCeiling(adjustment.counter.clone())),
    }
}

/// Adds an adjustment to the sums so far. A counter without a sum has its value in `before`, and is
/// 0 if it is missing there too.
///
/// # Errors
/// As [`adjusted`].
pub(super) fn add<'w>(
    sums: &mut OrderedMap<&'w str, i64>,
    before: &OrderedMap<String, i64>,
    adjustment: &'w Adjustment,
) -> Result<(), Refusal> {
    let name = adjustment.counter.as_str();
    let old = sums.get(name).or_else(|| before.get(name)).copied().unwrap_or(0);
    sums.insert(name, adjusted(old, adjustment)?);
    Ok(())
}
