//! The storage contract of `wit/store.wit` as Rust types, and those of its rules that need neither
//! a database nor a runtime: the checks of a call, the filter as a tree, the hash chain of events,
//! the digest of bodies, and the issuers that no two tenants may share. [`OrderedMap`] and
//! [`OrderedSet`] are here for all crates that become WebAssembly.
//!
//! Types and fields have the names of the WIT. Nothing here does I/O, reads a clock or logs, so
//! that it compiles for WebAssembly too. The library `scimlet` re-exports the types in its module
//! `store`. With the feature `json` they have the form of `wit/module.md`.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, reason = "a failing test may panic"))]

pub mod digest;
mod entry;
pub mod evaluate;
mod event;
mod filter;
pub mod hash_chain;
pub mod issuers;
#[cfg(feature = "json")]
pub mod json;
pub mod limits;
mod ordered;
mod query;
mod refusal;
pub mod validate;
mod write;

pub use digest::{BodyPosition, CheckedBodies};
pub use entry::{Direction, Draft, Entry, Key, Link, LinkPage, LinkSet, Scalar, Term};
pub use event::{ChainHead, Channel, Event, RecordedEvent};
pub use filter::Filter;
pub use ordered::{OrderedMap, OrderedSet};
pub use query::{Comparison, Hit, Node, Operator, Order, Page, Query, Relation, Window};
pub use refusal::{Refusal, Rejection};
pub use write::{Adjustment, Committed, Expectation, Removal, Replacement, Write};
