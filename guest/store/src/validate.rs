//! The checks that every store makes before it accesses its data: calls must respect limits and
//! contract. All stores call these functions, so that they refuse the same calls.

use crate::{
    Draft, Event, Filter, Key, Link, Query, Refusal, Rejection, Scalar, Write, filter, limits,
};

/// Checks the number of keys, links or anchors in a call.
///
/// # Errors
/// [`Refusal::TooMany`] above [`limits::KEYS`].
pub fn keys(count: usize) -> Result<(), Refusal> {
    within(count, limits::KEYS, "keys")
}

/// Checks a query. Takes its filter and returns it as a tree.
///
/// # Errors
/// [`Refusal::TooMany`] or [`Refusal::Invalid`], as [`Filter::parse`].
pub fn query(query: &mut Query) -> Result<Filter, Refusal> {
    within(query.limit as usize, limits::LIMIT as usize, "hits of the page")?;
    Filter::parse(std::mem::take(&mut query.filter))
}

/// Checks a call of `links`.
///
/// # Errors
/// [`Refusal::TooMany`] for too many anchors, [`Refusal::Invalid`] for `after` with more than one
/// anchor, since a position belongs to one.
pub fn links(anchors: &[Key], after: Option<&str>) -> Result<(), Refusal> {
    keys(anchors.len())?;
    if after.is_some() && anchors.len() != 1 {
        return Err(Refusal::Invalid("`after` goes with one anchor".into()));
    }
    Ok(())
}

/// Checks the size and content of a commit; returns the bytes of its bodies and terms.
///
/// # Errors
/// The first write that violates a limit or the contract.
pub fn commit(at: u64, actor: &str, writes: &[Write]) -> Result<usize, Rejection> {
    if i64::try_from(at).is_err() {
        return Err(reject(0, Refusal::Invalid("the time is out of range".into())));
    }
    name(actor).map_err(|reason| reject(0, reason))?;
    let (mut changes, mut bytes) = (0usize, 0usize);
    for (index, one) in writes.iter().enumerate() {
        let (more, size) = write(one).map_err(|reason| reject(index, reason))?;
        changes += more;
        bytes += size;
        within(changes, limits::CHANGES, "writes of the commit")
            .and_then(|()| within(bytes, limits::COMMIT_BYTES, "bytes of the commit"))
            .map_err(|reason| reject(index, reason))?;
    }
    Ok(bytes)
}

/// Returns the number of changes that a write counts for, and its size in bytes.
fn write(write: &Write) -> Result<(usize, usize), Refusal> {
    Ok(match write {
        Write::Insert(new) => (1, draft(new)?),
        Write::Replace(replacement) => (1, draft(&replacement.draft)?),
        Write::Remove(removal) => (1, key(&removal.key)?),
        Write::Expect(expectation) => (1, key(&expectation.key)?),
        Write::Link(links) | Write::Unlink(links) => (links.len().max(1), many(links)?),
        Write::UnlinkAll(set) => (1, key(&set.source)? + name(&set.name)?),
        Write::Adjust(adjustment) => (1, name(&adjustment.counter)?),
        Write::Append(new) => (1, event(new)?),
        Write::Redact(subject) => (1, key(subject)?),
    })
}

fn draft(draft: &Draft) -> Result<usize, Refusal> {
    within(draft.terms.len(), limits::TERMS, "terms of an entry")?;
    let mut bytes = key(&draft.key)? + draft.body.len();
    for term in &draft.terms {
        filter::scalar(&term.value)?;
        bytes += name(&term.path)? + size(&term.value);
    }
    Ok(bytes)
}

fn size(value: &Scalar) -> usize {
    match value {
        Scalar::Text(text) => text.len(),
        Scalar::Number(_) | Scalar::Boolean(_) => 8,
    }
}

fn many(links: &[Link]) -> Result<usize, Refusal> {
    links.iter().try_fold(0, |bytes, link| {
        Ok(bytes + key(&link.source)? + name(&link.name)? + key(&link.target)?)
    })
}

fn event(event: &Event) -> Result<usize, Refusal> {
    let subject = event.subject.as_ref().map_or(Ok(0), key)?;
    Ok(subject + name(&event.name)? + event.body.len())
}

fn key(key: &Key) -> Result<usize, Refusal> {
    Ok(name(&key.kind)? + name(&key.id)?)
}

fn name(name: &str) -> Result<usize, Refusal> {
    within(name.len(), limits::NAME, "bytes of a name")?;
    Ok(name.len())
}

fn within(count: usize, bound: usize, what: &str) -> Result<(), Refusal> {
    if count > bound {
        return Err(Refusal::TooMany(format!("{what}: {count}, at most {bound}")));
    }
    Ok(())
}

fn reject(write: usize, reason: Refusal) -> Rejection {
    Rejection { write: u32::try_from(write).unwrap_or(u32::MAX), reason }
}
