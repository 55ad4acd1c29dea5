//! The contract of stores as a core module: the cases of scimlet-contract over `store` or `sql`,
//! called as `wit/module.md` has it. Empty on native targets.

#![cfg(target_arch = "wasm32")]

#[path = "../../module/src/abi.rs"]
mod abi;
mod call;
#[path = "../../module/src/connection.rs"]
mod connection;
#[path = "../../module/src/import.rs"]
mod import;
#[path = "../../contract-component/src/imported.rs"]
mod imported;
#[path = "../../module/src/json.rs"]
mod json;
mod select;
#[path = "../../module/src/imported.rs"]
mod storage;
#[path = "../../contract-component-sql/src/tenants.rs"]
mod tenants;
