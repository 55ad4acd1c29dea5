//! What the README promises a newcomer, done as it is written there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::{needs, server};
use tempfile::TempDir;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("readme::tour", || needs::with(curl(), |()| tour())),
        Trial::ignorable_test("readme::first_start", || {
            needs::with(curl(), |()| first_start())
        }),
    ]
}

fn curl() -> anyhow::Result<()> {
    for program in ["bash", "curl", "sed"] {
        let found = Command::new(program).arg("--version").output();
        found.with_context(|| format!("no {program}"))?;
    }
    Ok(())
}

/// Runs a script in the server's folder, with `scimlet` on the path.
fn bash(folder: &Path, script: &str) -> anyhow::Result<Output> {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = server::binary()?
        .parent()
        .context("the binary is in no folder")?;
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder);
    Ok(command
        .env("PATH", format!("{}:{path}", own.display()))
        .output()?)
}

fn printed(output: &Output) -> anyhow::Result<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it fails: {errors}");
    Ok(String::from_utf8(output.stdout.clone())?)
}

/// The five minutes with curl.
fn tour() -> anyhow::Result<()> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"))?;
    let script = readme
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let (folder, _server) = server::fresh()?;
    let text = printed(&bash(folder.path(), script.context("no tour")?)?)?;
    for expected in [
        "\"totalResults\":0",
        "\"type\":\"User\"",
        "\"active\":false",
        "Okta production",
    ] {
        ensure!(text.contains(expected), "no {expected} in\n{text}");
    }
    ensure!(
        text.trim_end().ends_with("\n401"),
        "the old secret is good for something:\n{text}"
    );
    Ok(())
}

/// On an empty folder `serve` prints a curl line that works when pasted.
fn first_start() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let server = server::Server::start(folder.path())?;
    let line = server.line(|line| line.starts_with("curl "))?;
    let text = printed(&bash(folder.path(), &line)?)?;
    ensure!(text.contains("\"totalResults\":0"), "the answer is {text}");
    Ok(())
}
