//! The contract of stores as WebAssembly, as the build script built it.

/// The component over `store`.
pub const OVER_STORE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet-contract.wasm"));

/// The component over `sql`.
pub const OVER_SQL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet-contract-sql.wasm"));

/// The core module.
pub const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet-contract-module.wasm"));
