//! The import `scimlet:plugin/journal`: messages of the guest to the operator.

use std::sync::Arc;

use uuid::Uuid;

use super::limits::Limits;
use super::state::State;
use crate::bindings::scimlet::plugin::journal::Host;
pub(crate) use crate::bindings::scimlet::plugin::journal::add_to_linker;
pub use crate::bindings::scimlet::plugin::journal::{Level, Note};
use crate::escape;

/// The request that a journal entry belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// The tenant's name; empty if the request has none.
    pub tenant: String,
    /// The id that the host gives each request; the incident id of a
    /// [`PluginError`](super::PluginError).
    pub request: Uuid,
}

/// The destination of journal entries.
pub trait Journal: Send + Sync + 'static {
    /// Writes an entry, whose text is one line. Must return without blocking.
    fn write(&self, subject: &Subject, note: Note);
}

/// Sends journal entries to [`tracing`], with the tenant, the request and the topic as fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingJournal;

impl Journal for TracingJournal {
    fn write(&self, subject: &Subject, note: Note) {
        let Subject { tenant, request } = subject;
        let Note { level, topic, text } = note;
        match level {
            Level::Debug => tracing::debug!(tenant, %request, topic, "{text}"),
            Level::Info => tracing::info!(tenant, %request, topic, "{text}"),
            Level::Warn => tracing::warn!(tenant, %request, topic, "{text}"),
            Level::Error => tracing::error!(tenant, %request, topic, "{text}"),
        }
    }
}

/// The journal of one request, limited in number and length of entries.
pub(crate) struct Notes {
    journal: Arc<dyn Journal>,
    subject: Subject,
    left: u32,
    length: usize,
}

impl Notes {
    pub(crate) fn new(journal: Arc<dyn Journal>, subject: Subject, limits: &Limits) -> Self {
        Self { journal, subject, left: limits.notes, length: limits.note }
    }

    fn write(&mut self, note: Note) {
        let Some(left) = self.left.checked_sub(1) else {
            return;
        };
        self.left = left;
        let topic = line(&note.topic, self.length);
        let text = line(&note.text, self.length);
        self.journal.write(&self.subject, Note { level: note.level, topic, text });
    }
}

/// Cuts the text to `length` bytes and escapes line breaks, so that it cannot forge log lines.
fn line(text: &str, length: usize) -> String {
    let cut = text.floor_char_boundary(length);
    escape::line(&text[..cut]).into_owned()
}

impl Host for State {
    async fn write(&mut self, note: Note) -> wasmtime::Result<()> {
        self.notes.write(note);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<Note>>);

    impl Journal for Kept {
        fn write(&self, _subject: &Subject, note: Note) {
            self.0.lock().unwrap().push(note);
        }
    }

    #[test]
    fn notes_are_bounded_in_number_and_length_and_are_one_line() {
        let kept = Arc::new(Kept::default());
        let subject = Subject { tenant: "acme".to_owned(), request: Uuid::nil() };
        let limits = Limits { notes: 2, note: 6, ..Limits::default() };
        let mut notes = Notes::new(kept.clone(), subject, &limits);
        for _ in 0..3 {
            let (topic, text) = ("access".to_owned(), "one\ntäwo".to_owned());
            notes.write(Note { level: Level::Info, topic, text });
        }
        let kept = kept.0.lock().unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].text, r"one\nt");
    }
}
