//! The limits of one call to a store: those of the contract, and those of the host's own stores.

use std::time::Duration;

pub use scimlet_store::limits::{
    ANSWER_BYTES, CHANGES, COMMIT_BYTES, KEYS, LIMIT, LINKS, NAME, NODES, PAGE_BYTES, TERMS, TEXT,
};

/// Bytes of keys, bodies, terms, links and events from which a commit counts as large: writing it
/// then costs a database milliseconds, as a search does.
pub(crate) const LARGE_COMMIT: usize = 32 << 10;

/// The most events in one answer of `events`.
pub const EVENTS: u32 = 1_000;

/// How long a search may run: less than the request that waits for it, so that the client can be
/// told to ask for less.
pub const SEARCH: Duration = Duration::from_secs(8);
