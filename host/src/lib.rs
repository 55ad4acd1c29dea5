//! The reference host of `scimlet.wasm`: everything that an embedder has to do, once, in Rust.
//!
//! [`Plugin`] runs the component, a fresh instance for each request unless told to keep them;
//! [`Store`](store::Store) is the storage that it sees and [`Database`](store::Database) the
//! tenants around it; [`Router`] puts both behind HTTP.

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

/// The component as this build made it.
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
