//! scimlet-core behind the WIT world `plugin-sql`: it stores by statements that the embedder
//! carries to a database. Only conversions, no SCIM decisions. Empty on native targets.
//!
//! The files of the component over `store` are compiled here too, and the core module compiles
//! `sql` and `tables`, over a connection of its own.

#![cfg(target_arch = "wasm32")]

#[path = "../../component/src/admin.rs"]
mod admin;
#[path = "../../component/src/application.rs"]
mod application;
mod bindings;
mod connection;
#[path = "../../component/src/convert.rs"]
mod convert;
#[path = "../../component/src/directory.rs"]
mod directory;
#[path = "../../component/src/ports.rs"]
mod ports;
#[path = "../../component/src/provider.rs"]
mod provider;
#[path = "../../component/src/source.rs"]
mod source;
mod sql;
mod tables;

use sql as storage;

/// The component's exports.
struct Component;
