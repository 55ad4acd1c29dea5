//! The reference host of `scimlet.wasm`: everything that an embedder has to do, once, in Rust.

pub mod bindings;
pub mod store;
