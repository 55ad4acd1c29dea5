//! What core needs from outside: storage, time, randomness, and somewhere to leave notes.

mod origin;

pub use origin::{Caller, Origin};

use crate::error::{Error, ErrorKind};
use crate::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

/// The time.
pub trait Clock {
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
}

/// Randomness that nobody can predict.
pub trait Random {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For whoever looks closely.
    Debug,
    /// Worth a line.
    Info,
    /// Somebody was refused, or something looks wrong.
    Warn,
    /// A fault.
    Error,
}

/// Notes for the operator, which a client must not see. Never a secret or a password.
pub trait Journal {
    /// Leaves a note; `topic` is a word to filter by, `text` one sentence.
    fn write(&self, level: Level, topic: &str, text: &str);
}

/// The calls of `wit/store.wit`, bound to one tenant.
#[allow(missing_docs, reason = "named and described in wit/store.wit")]
pub trait Store {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal>;

    fn find(&self, query: Query) -> Result<Page, Refusal>;

    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal>;

    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal>;

    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection>;
}

/// All ports of one request.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The tenant's storage.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub random: &'a dyn Random,
    /// Notes.
    pub journal: &'a dyn Journal,
}

impl Ports<'_> {
    /// Leaves a note of a refusal: what the client is not told, and what is the service's fault.
    pub fn note_refusal(&self, error: &Error) {
        let cause = error.cause.as_deref().unwrap_or("no further cause");
        let level = match error.kind {
            ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Unknown => Level::Error,
            ErrorKind::Stale => Level::Warn,
            _ => Level::Debug,
        };
        let text = format!("{}: {} ({cause})", error.kind.status(), error.detail);
        self.journal.write(level, "refusal", &text);
    }

    /// So many random bytes.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
