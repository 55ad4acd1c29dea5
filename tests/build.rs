//! Builds what the tests run beside the component that the library embeds: the core module, the
//! component over SQL, and the contract of stores in three forms.

#[path = "../host/build/guest.rs"]
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
    let root = path("CARGO_MANIFEST_DIR")?.join("..");
    for (package, file) in [
        ("scimlet-module", "scimlet-module.wasm"),
        ("scimlet-component-sql", "scimlet-sql.wasm"),
        ("scimlet-contract-component", "scimlet-contract.wasm"),
        ("scimlet-contract-component-sql", "scimlet-contract-sql.wasm"),
        ("scimlet-contract-module", "scimlet-contract-module.wasm"),
    ] {
        copy(&guest::build(&root, &out, package)?, &out.join(file))?;
    }
    Ok(())
}
