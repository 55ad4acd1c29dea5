//! Builds the WebAssembly of a release.

#[path = "../build/files.rs"]
mod files;
#[path = "../build/guest.rs"]
mod guest;
#[path = "../build/release.rs"]
mod release;

use std::path::Path;

fn main() {
    release::build_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
}
