//! scimlet-core as a core WebAssembly module: one export and one import that carry JSON, the image
//! of `wit/`. `wit/module.md` is its interface. Only conversions, no SCIM decisions. Empty on
//! native targets.
//!
//! The files of the components' shells are compiled here too, over `bindings` with the names that
//! wit-bindgen gives.

#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::duplicate_mod,
    reason = "core's types become those of `store` in JSON, and those of scimlet-store for `sql`"
)]

mod abi;
#[path = "../../component/src/admin.rs"]
mod admin;
#[path = "../../component/src/application.rs"]
mod application;
mod bindings;
mod call;
#[path = "../../component/src/convert.rs"]
mod convert;
#[path = "../../component/src/directory.rs"]
mod directory;
#[path = "../../component/src/storage.rs"]
mod imported;
mod json;
#[path = "../../component/src/ports.rs"]
mod ports;
#[path = "../../component/src/provider.rs"]
mod provider;
mod source;
#[path = "../../component-sql/src/sql/mod.rs"]
mod sql;
mod storage;
#[path = "../../component-sql/src/tables.rs"]
mod tables;

/// The functions that [`call`] reaches.
struct Component;
