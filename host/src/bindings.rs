//! The Rust side of `wit/`, generated: the types of the contract and the component's exports.

#![allow(
    missing_docs,
    reason = "generated; the contract is written in wit/*.wit"
)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "plugin",
    imports: { default: async | trappable },
    exports: { default: async },
    additional_derives: [Clone, PartialEq],
});
