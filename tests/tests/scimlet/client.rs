//! Clients that others wrote, each in a short script in `tests/clients/`, against the real binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::{needs, python, server};

/// One trial for each client.
pub fn trials() -> Vec<Trial> {
    let scim2_client = || {
        needs::with(
            python::with("clients", &clients().join("requirements.txt")),
            |python| run(&python, "scim2_client.py"),
        )
    };
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
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {errors}");
    Ok(())
}
