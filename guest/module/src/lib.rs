//! scimlet-core as a core WebAssembly module: one export and one import that carry JSON, the image
//! of `wit/`. `wit/module.md` is its interface. Only conversions, no SCIM decisions. Empty on
//! native targets.
//!
//! The files of the components' shells are compiled here too, over `bindings` with the names that
//! wit-bindgen gives.

#![cfg(target_arch = "wasm32")]

mod abi;
#[path = "../../component/src/admin.rs"]
mod admin;
#[path = "../../component/src/application.rs"]
mod application;
mod bindings;
mod call;
mod connection;
#[path = "../../component/src/convert.rs"]
mod convert;
#[path = "../../component/src/directory.rs"]
mod directory;
mod import;
mod imported;
mod json;
#[path = "../../component/src/ports.rs"]
mod ports;
#[path = "../../component/src/provider.rs"]
mod provider;
mod source;
#[path = "../../component-sql/src/sql.rs"]
mod sql;
mod storage;
#[path = "../../component-sql/src/tables.rs"]
mod tables;

/// The functions that [`call`] reaches.
struct Component;
