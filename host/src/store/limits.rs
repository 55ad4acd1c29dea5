//! The limits of one call to a store. The guest sends these numbers, so each has a limit; beyond it
//! the call is refused as `too-many`. `wit/store.wit` promises the guest that every store accepts
//! at least this much.

use std::time::Duration;

pub use scimlet_store::limits::{
    ANSWER_BYTES, CHANGES, COMMIT_BYTES, KEYS, LIMIT, LINKS, NAME, NODES, PAGE_BYTES, TERMS, TEXT,
};

/// Bytes of bodies and terms from which a commit counts as large: writing it then costs a database
/// milliseconds, as a search does.
pub(crate) const LARGE_COMMIT: usize = 32 << 10;

/// The most events in one answer of `events`.
pub const EVENTS: u32 = 1_000;

/// How long a search may run: less than the request that waits for it, so that the client can be
/// told to ask for less.
pub const SEARCH: Duration = Duration::from_secs(8);
