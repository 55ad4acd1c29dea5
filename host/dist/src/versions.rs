//! The version that all parts of a release have.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files that name the version, each with what stands before it.
const PLACES: [(&str, &str); 7] = [
    ("host/embed/python/pyproject.toml", "\nversion = \""),
    ("host/embed/node/package.json", "\n  \"version\": \""),
    ("host/embed/go/version.go", "const Version = \""),
    ("host/embed/java/pom.xml", "<version>"),
    ("host/embed/java/scimlet/pom.xml", "<version>"),
    ("host/embed/c/include/scimlet.h", "#define SCIMLET_VERSION \""),
    ("wit/world.wit", "package scimlet:plugin@"),
];

/// Expects that every package names this version.
///
/// # Errors
/// If a file names another one, or none.
pub fn agree(root: &Path) -> anyhow::Result<()> {
    for (name, before) in PLACES {
        let text = fs::read_to_string(root.join(name)).with_context(|| name.to_owned())?;
        let (_, after) = text.split_once(before).with_context(|| format!("{name}: no version"))?;
        let is_part =
            |character: char| character.is_ascii_alphanumeric() || "-+.".contains(character);
        let end = after.find(|character| !is_part(character)).unwrap_or(after.len());
        let found = after.get(..end).unwrap_or_default();
        ensure!(found == VERSION, "{name} has version {found}, not {VERSION}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_have_one_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        agree(&root).expect("every package has the version of the workspace");
    }
}
