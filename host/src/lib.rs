//! The reference host of `scimlet.wasm`, which implements everything that an embedder needs, in
//! Rust.
//!
//! [`Plugin`] runs the component; [`Store`](store::Store) is the storage of one tenant and
//! [`Database`](store::Database) that of all tenants; [`Router`] serves them over HTTP.

#![cfg_attr(
    not(all(feature = "postgres", feature = "router", feature = "sqlite", feature = "webhooks")),
    allow(dead_code, unused_imports, reason = "each feature uses a part of what they share")
)]

mod active;
mod bindings;
pub mod clock;
mod cpu_scheduler;
mod empty_store;
pub mod escape;
mod fair_semaphore;
pub mod feed;
pub mod http;
pub mod plugin;
#[cfg(feature = "router")]
pub mod router;
#[cfg(feature = "router")]
pub mod server;
pub mod store;
#[cfg(feature = "webhooks")]
pub mod webhook;

/// The component that this build embeds.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet.wasm"));

pub use empty_store::EmptyStore;
pub use plugin::{Plugin, PluginOptions};
#[cfg(feature = "router")]
pub use router::{Audit, Provider, Readiness, Router, RouterOptions};
#[cfg(feature = "router")]
pub use server::{Server, ServerOptions};

/// Tests the program in the README.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../README.md")]
struct Readme;
