//! Clients that others wrote, each in a short script in `tests/clients/`, against the real binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::{needs, python, server};

/// One trial for each client.
pub fn trials() -> Vec<Trial> {
    let scim2_client = || {
        needs::with(python::with("clients", &clients().join("requirements.txt")), |python| {
            run(&python, "scim2_client.py", "default").map(drop)
        })
    };
    let scim2_tester = || {
        needs::with(python::with("clients", &clients().join("requirements.txt")), |python| {
            summed_up(&run(&python, "scim2_tester.py", "default")?)
        })
    };
    let canaille = || {
        needs::with(python::with("canaille", &clients().join("canaille.txt")), |python| {
            run(&python, "canaille.py", "canaille")?;
            let stopped = run(&python, "canaille.py", "default");
            ensure!(stopped.is_err(), "the preset is not needed any more");
            Ok(())
        })
    };
    vec![
        Trial::ignorable_test("client::canaille", canaille),
        Trial::ignorable_test("client::scim2_client", scim2_client),
        Trial::ignorable_test("client::scim2_tester", scim2_tester),
    ]
}

/// Whether the tester's checks came out no worse than the committed summary has it: as many
/// successes, and nothing else but what it names with its reason.
fn summed_up(found: &str) -> anyhow::Result<()> {
    let expected = include_str!("../../clients/scim2_tester.txt");
    let successes = |summary: &str| -> Option<u32> {
        let mut counts = summary.lines().filter_map(|line| line.split_once(' '));
        counts.find(|(_, status)| *status == "SUCCESS")?.0.parse().ok()
    };
    let reasons = |summary: &str| -> Vec<String> {
        let lines = summary.lines().filter(|line| line.contains(':'));
        lines.map(ToOwned::to_owned).collect()
    };
    let (known, enough) = (reasons(expected), successes(expected));
    let new = reasons(found).into_iter().find(|reason| !known.contains(reason));
    ensure!(new.is_none() && enough.is_some() && successes(found) >= enough, "{found}");
    Ok(())
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Runs a client's script on a server of its own, where it checks every answer; returns what it
/// prints.
fn run(python: &Path, script: &str, preset: &str) -> anyhow::Result<String> {
    let (folder, server) = server::fresh()?;
    let create = ["tenant", "create", preset, "--profile", preset];
    server::json(folder.path(), &create)?;
    let endpoint = server.endpoint(preset)?;
    let mut command = Command::new(python);
    command
        .args(["-I", "-W", if preset == "default" { "error" } else { "default" }])
        .arg(clients().join(script))
        .arg(&endpoint.base)
        .env("SCIM_SECRET", &endpoint.secret);
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}
