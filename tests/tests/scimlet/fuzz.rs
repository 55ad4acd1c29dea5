//! The corpus of the fuzz targets, replayed with the stable compiler: whatever fuzzing has found
//! stays mended.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

/// Panics if something is wrong.
type Target = fn(&[u8]);

/// One trial for each input.
pub fn trials() -> Vec<Trial> {
    let targets: [(&str, Target); 4] = [
        ("filter", targets::filter),
        ("path", targets::path),
        ("patch", targets::patch),
        ("request", targets::request),
    ];
    targets.into_iter().flat_map(|(name, target)| of(name, target)).collect()
}

fn of(name: &'static str, target: Target) -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let inputs = fs::read_dir(&folder).expect("the corpus is there");
    let trial = |input: fs::DirEntry| {
        let path = input.path();
        let case = input.file_name().to_string_lossy().into_owned();
        Trial::test(format!("fuzz::{name}::{case}"), move || {
            target(&fs::read(&path)?);
            Ok(())
        })
    };
    inputs.map(|input| trial(input.expect("the corpus can be read"))).collect()
}
