//! The limits of one call to a store. The guest sends these numbers, so each has a limit; beyond it
//! the call is refused as `too-many`. `wit/store.wit` promises the guest that every store accepts
//! at least this much.

/// The most changes in one commit: each write counts, and each link of a `link` or `unlink`.
pub const CHANGES: usize = 120_000;

/// The most bytes of keys, bodies, terms, links and events in one commit.
pub const COMMIT_BYTES: usize = 32 << 20;

/// The most terms of one entry.
pub const TERMS: usize = 10_000;

/// The most keys, links or anchors in one call.
pub const KEYS: usize = 10_000;

/// The most hits on one page of `find`.
pub const LIMIT: u32 = 1_000;

/// The most bytes of bodies in one answer, unless a single body has more.
pub const ANSWER_BYTES: usize = 16 << 20;

/// Bytes of bodies at which a page of `find` may end before its limit.
pub const PAGE_BYTES: usize = 4 << 20;

/// The most links on one page, and on all pages of one answer of `links`: the rest follows from
/// `next`.
pub const LINKS: u32 = 10_000;

/// The most nodes of one filter.
pub const NODES: usize = 500;

/// The most bytes of a kind, id, path, name, counter or actor.
pub const NAME: usize = 512;

/// The most bytes of a text in a term or comparison. A longer one violates the contract: `invalid`.
pub const TEXT: usize = 512;
