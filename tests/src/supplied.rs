//! Cases that other projects and the RFCs supply, as JSON lines. They are read where they lie, in
//! `../shared` beside the checkout or where `SCIMLET_SHARED` says, and never copied.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

/// The folder, which need not be there.
#[must_use]
pub fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("SCIMLET_SHARED").map_or_else(beside, PathBuf::from)
}

/// Returns the cases of a file below the folder, such as `vectors/filters.jsonl`.
///
/// # Errors
/// If the file is not there, or is none.
pub fn cases(file: &str) -> anyhow::Result<Vec<Value>> {
    let path = folder().join(file);
    let text = fs::read_to_string(&path).with_context(|| {
        format!("no {} (SCIMLET_SHARED can name another folder)", path.display())
    })?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).context("a line that is no JSON")).collect()
}
