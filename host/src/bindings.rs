//! Rust bindings of `wit/`, generated: the types of the interface and the component's exports.

#![allow(missing_docs, reason = "generated; wit/*.wit documents the interface")]

wasmtime::component::bindgen!({
    path: "wit",
    world: "plugin",
    imports: { default: async | trappable },
    exports: { default: async },
    additional_derives: [Clone, PartialEq],
});
