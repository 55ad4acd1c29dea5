//! scimlet-core behind the WIT interface: only conversions, no SCIM decisions. Empty on native
//! targets, where a cdylib with component imports cannot be linked.
//!
//! The core module (`guest/module`) compiles `admin`, `convert`, `ports` and `provider` too, over
//! bindings of its own with equal names.

#![cfg(target_arch = "wasm32")]

mod admin;
mod bindings;
mod convert;
mod ports;
mod provider;
mod source;
mod storage;

/// The component's exports.
struct Component;
