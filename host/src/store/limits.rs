//! How much one call may ask of a store. The guest sends these numbers, so each is bounded; past a
//! bound the call is refused as `too-many`. `wit/store.wit` promises the guest that every store
//! takes at least this much.

use std::time::Duration;

/// Changes in one commit: each write counts, and each link of a `link` or `unlink`.
pub const CHANGES: usize = 120_000;

/// Bytes of bodies and terms in one commit.
pub const COMMIT_BYTES: usize = 32 << 20;

/// Terms of one draft.
pub const TERMS: usize = 10_000;

/// Keys, links, anchors or counters that one call may name.
pub const KEYS: usize = 10_000;

/// Hits on one page of `find`.
pub const LIMIT: u32 = 1_000;

/// Bytes of the bodies that one call returns, unless one body alone has more.
pub const ANSWER_BYTES: usize = 16 << 20;

/// Bytes of the bodies at which a page of `find` may end before its limit.
pub const PAGE_BYTES: usize = 4 << 20;

/// Links on one page, and in one answer of `links` all pages together: the rest follows from
/// `next`.
pub const LINKS: u32 = 10_000;

/// Events in one answer of `events`.
pub const EVENTS: u32 = 1_000;

/// How long a search may run: it ends before the request that waits for it, so that the client is
/// told to ask for less.
pub const SEARCH: Duration = Duration::from_secs(8);

/// Nodes of one filter.
pub const NODES: usize = 500;

/// Bytes of a kind, id, path, name, counter or actor.
pub const NAME: usize = 512;

/// Bytes of a text in a term or a comparison. A longer one breaks the contract: `invalid`.
pub const TEXT: usize = 512;
