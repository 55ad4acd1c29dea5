//! U+0000, which no text in PostgreSQL can contain. The plugin never writes it (`wit/store.wit`),
//! so nothing is lost.

use scimlet_store::{
    Comparison, Draft, Event, Filter, Key, Link, Operator, Query, Refusal, Rejection, Relation,
    Scalar, Write,
};

use crate::{Position, Stored, no_position, search};

/// The reason given in refusals.
pub const WHY: &str = "PostgreSQL keeps no text with U+0000";

/// Refuses a commit with U+0000.
///
/// # Errors
/// The first write that contains it.
pub fn refuse(actor: &str, writes: &[Write]) -> Result<(), Rejection> {
    let found = writes.iter().position(|write| !is_free(write));
    let found = found.or(has(actor).then_some(0));
    found.map_or(Ok(()), |index| {
        Err(Rejection {
            write: u32::try_from(index).unwrap_or(u32::MAX),
            reason: Refusal::Invalid(WHY.into()),
        })
    })
}

/// Whether the text contains U+0000.
#[must_use]
pub fn has(text: &str) -> bool {
    text.contains('\0')
}

fn is_free(write: &Write) -> bool {
    match write {
        Write::Insert(new) => draft(new),
        Write::Replace(replacement) => draft(&replacement.draft),
        Write::Remove(removal) => key(&removal.key),
        Write::Expect(expectation) => key(&expectation.key),
        Write::Link(links) | Write::Unlink(links) => links.iter().all(link),
        Write::UnlinkAll(set) => key(&set.source) && !has(&set.name),
        Write::Adjust(adjustment) => !has(&adjustment.counter),
        Write::Append(new) => event(new),
        Write::Redact(subject) => key(subject),
    }
}

fn key(key: &Key) -> bool {
    !has(&key.kind) && !has(&key.id)
}

/// Whether the names of a link are free of U+0000.
#[must_use]
pub fn link(link: &Link) -> bool {
    key(&link.source) && !has(&link.name) && key(&link.target)
}

fn draft(draft: &Draft) -> bool {
    let value = |value: &Scalar| !matches!(value, Scalar::Text(text) if has(text));
    let terms = &draft.terms;
    key(&draft.key)
        && !has(&draft.body)
        && terms.iter().all(|term| !has(&term.path) && value(&term.value))
}

fn event(event: &Event) -> bool {
    event.subject.as_ref().is_none_or(key) && !has(&event.name) && !has(&event.body)
}

/// Returns the position and offset at which a page begins, as [`window`](crate::window) does. No
/// stored value contains U+0000, so a position with it belongs to no hit.
///
/// # Errors
/// [`Refusal::Invalid`] if the position does not belong to the query.
pub fn window(query: &Query) -> Result<(Option<Position>, i64), Refusal> {
    let (after, offset) = search::window(query)?;
    match &after {
        Some(Position::Sorted(_, Some(Stored(Scalar::Text(text))))) if has(text) => {
            Err(no_position())
        }
        _ => Ok((after, offset)),
    }
}

/// Rewrites a filter without U+0000. The result is equivalent, since no stored value contains it.
#[must_use]
pub fn filter(of: Filter) -> Filter {
    let each = |filters: Vec<Filter>| filters.into_iter().map(filter).collect();
    match of {
        Filter::Compare(comparison) => compare(comparison),
        Filter::Present(path) if has(&path) => Filter::Any(Vec::new()),
        Filter::Linked(relation) if !is_free_relation(&relation) => Filter::Any(Vec::new()),
        Filter::All(filters) => Filter::All(each(filters)),
        Filter::Any(filters) => Filter::Any(each(filters)),
        Filter::Negate(negated) => Filter::Negate(Box::new(filter(*negated))),
        other => other,
    }
}

/// Replaces a text by the part before its first U+0000: no stored value lies between the two.
fn compare(mut comparison: Comparison) -> Filter {
    let none = Filter::Any(Vec::new());
    if has(&comparison.path) {
        return none;
    }
    let Scalar::Text(text) = &comparison.value else {
        return Filter::Compare(comparison);
    };
    let Some((before, _)) = text.split_once('\0') else {
        return Filter::Compare(comparison);
    };
    comparison.operator = match comparison.operator {
        Operator::Less | Operator::LessOrEqual => Operator::LessOrEqual,
        Operator::Greater | Operator::GreaterOrEqual => Operator::Greater,
        Operator::Equal | Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            return none;
        }
    };
    comparison.value = Scalar::Text(before.to_owned());
    Filter::Compare(comparison)
}

fn is_free_relation(relation: &Relation) -> bool {
    !has(&relation.name) && key(&relation.other)
}
