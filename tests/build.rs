//! Builds the core module and the component over SQL that the tests run.

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
    let wasm = guest::build(&root, &out, "scimlet-module")?;
    copy(&wasm, &out.join("scimlet-module.wasm"))?;
    let wasm = guest::build(&root, &out, "scimlet-component-sql")?;
    copy(&wasm, &out.join("scimlet-sql.wasm"))
}
