//! U+0000, which no text in PostgreSQL can contain. The plugin never writes it (`wit/store.wit`),
//! so nothing is lost.

use scimlet_store::{Draft, Event, Key, Link, Refusal, Rejection, Scalar, Write};

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
