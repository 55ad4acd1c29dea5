//! Node.js with packages, for embeddings and peers in JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::python::succeed;

/// A copy of a folder of this name below the target folder, where its packages are installed once
/// and kept while its lock file stays as it is.
///
/// # Errors
/// If there is no npm, or the packages cannot be installed.
pub fn with(name: &str, source: &Path) -> anyhow::Result<PathBuf> {
    let _lock = crate::server::installing(name)?;
    let folder = crate::server::scratch()?.join(name);
    let lock = fs::read_to_string(source.join("package-lock.json"))?;
    let installed = folder.join("installed.json");
    let is_installed = fs::read_to_string(&installed).is_ok_and(|found| found == lock);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        if let Some(file) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, folder.join(file))?;
        }
    }
    if !is_installed {
        let mut install = Command::new("npm");
        let install = install.args(["ci", "--no-audit", "--no-fund"]);
        succeed(install.current_dir(&folder)).context("no packages for Node.js")?;
        fs::write(&installed, lock)?;
    }
    Ok(folder)
}
