//! The reference host of `scimlet.wasm`: everything that an embedder has to do, once, in Rust.
//!
//! [`Plugin`] runs the component, a fresh instance for each request unless told to keep them;
//! [`Store`](store::Store) is the storage that it sees and [`Database`](store::Database) the
//! tenants around it; [`Router`] puts both behind HTTP.

pub mod bench;
pub mod bindings;
pub mod escape;
pub mod feed;
pub mod plugin;
mod processors;
pub mod router;
pub mod server;
mod shares;
pub mod store;
mod vacant;
pub mod webhook;

/// The component as this build made it.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet.wasm"));

pub use bindings::scimlet::plugin::http;
pub use plugin::{Plugin, PluginOptions};
pub use router::{Audit, Provider, Readiness, Router, RouterOptions};
pub use server::{Server, ServerOptions};
pub use vacant::Vacant;

/// Tests the program in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
