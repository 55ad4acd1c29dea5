//! Python with the packages that a test needs, in the versions of its `requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// An interpreter in a folder of this name below the target folder, made once and kept while the
/// requirements stay as they are.
///
/// # Errors
/// If there is no Python, or the packages cannot be installed.
pub fn with(name: &str, requirements: &Path) -> anyhow::Result<PathBuf> {
    let _lock = crate::server::installing(name)?;
    let wanted = fs::read_to_string(requirements)?;
    let folder = crate::server::scratch()?.join(name);
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    let is_installed = fs::read_to_string(&installed).is_ok_and(|found| found == wanted);
    if is_installed && python.exists() {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    succeed(make.args(["-m", "venv", "--clear"]).arg(&folder)).context("no python3")?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--retries", "1", "--only-binary", ":all:", "--requirement"]);
    succeed(install.arg(requirements)).context("the packages cannot be installed")?;
    fs::write(&installed, wanted)?;
    Ok(python)
}

/// Runs a command to its end; an error says what it printed.
///
/// # Errors
/// If it cannot be run, or fails.
pub fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", errors.trim());
    Ok(())
}
