//! Clients that others wrote, each in a short script in `tests/clients/`, against the real binary.
//!
//! Python's packages are installed into the target folder, in the versions of `requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::{needs, server};

/// One trial for each client.
pub fn trials() -> Vec<Trial> {
    let scim2_client = || needs::with(python(), |python| run(&python, "scim2_client.py"));
    vec![Trial::ignorable_test("client::scim2_client", scim2_client)]
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Has the script live its life on a server of its own. It sends nothing that is wrong, and checks every answer.
fn run(python: &Path, script: &str) -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let endpoint = server.endpoint(TENANT)?;
    let mut command = Command::new(python);
    command
        .args(["-I", "-W", "error"])
        .arg(clients().join(script))
        .arg(&endpoint.base)
        .env("SCIM_SECRET", &endpoint.secret);
    let output = command.output()?;
    ensure!(output.status.success(), "{script}: {}", errors(&output));
    Ok(())
}

/// An interpreter that has the packages. It is made once and kept while `requirements.txt` stays as it is.
fn python() -> anyhow::Result<PathBuf> {
    let requirements = clients().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    let is_installed = fs::read_to_string(&installed).is_ok_and(|found| found == wanted);
    if !is_installed || !python.exists() {
        let mut make = Command::new("python3");
        succeed(make.args(["-m", "venv", "--clear"]).arg(&folder)).context("no python3")?;
        let mut install = Command::new(&python);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        install.args(["--retries", "1", "--only-binary", ":all:", "--requirement"]);
        succeed(install.arg(&requirements)).context("the packages cannot be installed")?;
        fs::write(&installed, wanted)?;
    }
    Ok(python)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", errors(&output));
    Ok(())
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
