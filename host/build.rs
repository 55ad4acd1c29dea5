//! Gives the library the component and the WIT that it embeds. In the workspace both come from
//! their sources, so that `cargo build` is the whole build, and are left beside this file, from
//! where a package takes them; in a package they are there already.
//!
//! An error is one plain sentence without a backtrace: cargo prints only a `cargo::error`, where it
//! would surround a failed script's output with much else.

#[path = "build/guest.rs"]
mod guest;

use std::fs;
use std::path::Path;

use guest::{copy, path};

fn main() {
    if let Err(sentence) = build() {
        println!("cargo::error={sentence}");
    }
}

fn build() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    let manifest = path("CARGO_MANIFEST_DIR")?;
    let out = path("OUT_DIR")?;
    let packaged = manifest.join("scimlet.wasm");
    let root = manifest.join("..");
    if root.join("guest/component/Cargo.toml").exists() {
        let wasm = guest::build(&root, &out, "scimlet-component")?;
        copy(&wasm, &packaged)?;
        copy_all(&root.join("wit"), &manifest.join("wit"))?;
    }
    copy(&packaged, &out.join("scimlet.wasm"))
}

/// Copies the files of a folder.
fn copy_all(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error| format!("{} cannot be copied: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for file in fs::read_dir(from).map_err(failed)? {
        let file = file.map_err(failed)?;
        if file.path().extension().is_some_and(|extension| extension == "wit") {
            copy(&file.path(), &to.join(file.file_name()))?;
        }
    }
    Ok(())
}
