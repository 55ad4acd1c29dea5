//! The WebAssembly of a release: for the scripts that build it, and for the bill of materials.

/// Each WebAssembly file of a release, with the package that it is built from.
pub const FILES: [(&str, &str); 6] = [
    ("scimlet.wasm", "scimlet-component"),
    ("scimlet-sql.wasm", "scimlet-component-sql"),
    ("scimlet-module.wasm", "scimlet-module"),
    ("scimlet-contract.wasm", "scimlet-contract-component"),
    ("scimlet-contract-sql.wasm", "scimlet-contract-component-sql"),
    ("scimlet-contract-module.wasm", "scimlet-contract-module"),
];
