//! The ports of core: storage, time, randomness, and a journal.

mod application;
mod origin;

pub use application::{Application, Change, Decline, Effect, Identity, Step};
pub use origin::{Caller, Origin};

use crate::error::{Error, ErrorKind};
use crate::store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

/// A source of the current time.
pub trait Clock {
    /// Returns milliseconds since 1970.
    fn now(&self) -> u64;
}

/// A source of unpredictable random bytes.
pub trait Random {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The severity of a journal entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Details for debugging.
    Debug,
    /// A normal event worth recording.
    Info,
    /// A request was refused, or something looks wrong.
    Warn,
    /// A fault of the plugin or its environment.
    Error,
}

/// A log for the operator, which clients must not see. It must never contain secrets or passwords.
pub trait Journal {
    /// Writes an entry; `topic` is a word to filter by, `text` one sentence.
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

    /// Commits the writes that `prepare` returns. A store with transactions begins one first, so
    /// that what `prepare` reads, and what the application does meanwhile, is part of it; if it is
    /// rolled back and repeated, `prepare` runs again.
    ///
    /// # Errors
    /// That of `prepare`, with nothing written; that of the commit.
    fn commit_prepared(
        &self,
        at: u64,
        actor: &str,
        prepare: &mut dyn FnMut() -> Result<Vec<Write>, Rejection>,
    ) -> Result<Committed, Rejection> {
        self.commit(at, actor, prepare()?)
    }
}

/// All ports of one request.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The tenant's storage.
    pub store: &'a dyn Store,
    /// The source of time.
    pub clock: &'a dyn Clock,
    /// The source of randomness.
    pub random: &'a dyn Random,
    /// The journal.
    pub journal: &'a dyn Journal,
    /// The application, if it wants to hear of changes before their commit. Without the feature
    /// `application` it hears of none.
    pub application: Option<&'a dyn Application>,
}

impl Ports<'_> {
    /// Writes the parts of a refusal to the journal that the client is not told: causes, and faults
    /// of the service.
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

    /// Returns `N` random bytes.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}
