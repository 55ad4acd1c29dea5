//! Builds the WebAssembly that the tests run, which is that of a release.

#[path = "../host/build/files.rs"]
mod files;
#[path = "../host/build/guest.rs"]
mod guest;
#[path = "../host/build/release.rs"]
mod release;

use std::path::Path;

fn main() {
    release::build_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
}
