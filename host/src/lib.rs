//! The reference host of `scimlet.wasm`, which implements everything that an embedder needs, in
//! Rust.
//!
//! [`Plugin`] runs the component; [`Store`](store::Store) is the storage of one tenant and
//! [`Database`](store::Database) that of all tenants; [`Router`] serves them over HTTP.

mod active;
pub mod bench;
pub mod bindings;
mod cpu_scheduler;
mod empty_store;
pub mod escape;
mod fair_semaphore;
pub mod feed;
pub mod plugin;
pub mod router;
pub mod server;
pub mod store;
pub mod webhook;

/// The component that this build embeds.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet.wasm"));

pub use bindings::scimlet::plugin::http;
pub use empty_store::EmptyStore;
pub use plugin::{Plugin, PluginOptions};
pub use router::{Audit, Provider, Readiness, Router, RouterOptions};
pub use server::{Server, ServerOptions};

/// Tests the program in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
