//! Builds all WebAssembly of a release: for the crate that makes one, and for the tests.

use std::path::Path;

use super::files::FILES;
use super::guest::{build, copy, path};

/// Builds the files from the workspace at `root`, and puts them into the build script's output
/// folder. An error fails the script with one plain sentence.
pub fn build_all(root: &Path) {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(sentence) = built(root) {
        println!("cargo::error={sentence}");
    }
}

fn built(root: &Path) -> Result<(), String> {
    let out = path("OUT_DIR")?;
    for (file, package) in FILES {
        copy(&build(root, &out, package)?, &out.join(file))?;
    }
    Ok(())
}
