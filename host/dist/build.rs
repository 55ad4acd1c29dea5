//! Builds the WebAssembly of a release.

#[path = "../build/guest.rs"]
mod guest;

use guest::{copy, path};

fn main() {
    if let Err(sentence) = build() {
        println!("cargo::error={sentence}");
    }
}

fn build() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = path("OUT_DIR")?;
    let root = path("CARGO_MANIFEST_DIR")?.join("../..");
    for (package, file) in [
        ("scimlet-component", "scimlet.wasm"),
        ("scimlet-component-sql", "scimlet-sql.wasm"),
        ("scimlet-module", "scimlet-module.wasm"),
        ("scimlet-contract-component", "scimlet-contract.wasm"),
        ("scimlet-contract-component-sql", "scimlet-contract-sql.wasm"),
        ("scimlet-contract-module", "scimlet-contract-module.wasm"),
    ] {
        copy(&guest::build(&root, &out, package)?, &out.join(file))?;
    }
    Ok(())
}
