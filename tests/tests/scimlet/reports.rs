//! Problems that users of SCIM servers and clients reported in public, sent by the supplied runner,
//! which is read and run where it lies: over SQLite, and over PostgreSQL where that is installed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::{needs, postgres, server, supplied};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("reports::sqlite", || {
            needs::with(runner(), |runner| judge(Command::new("python3").arg(runner)))
        }),
        Trial::ignorable_test("reports::postgres", || {
            let both = runner().and_then(|runner| Ok((runner, postgres::shared()?)));
            needs::with(both, |(runner, cluster)| {
                let database = cluster.database()?;
                let mut command = Command::new("python3");
                judge(command.arg(runner).arg("--database").arg(database))
            })
        }),
    ]
}

/// The runner, with a Python for it.
fn runner() -> anyhow::Result<PathBuf> {
    let path = supplied::folder().join("reports/run.py");
    ensure!(path.is_file(), "no {}", path.display());
    let python = Command::new("python3").arg("--version").output();
    python.context("no python3").map(|_| path)
}

/// Runs the command to its end over all cases; an error says what it found.
fn judge(command: &mut Command) -> anyhow::Result<()> {
    let output = command.arg("--binary").arg(server::binary()?).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{printed}{errors}");
    ensure!(printed.contains(" 0 failed"), "{printed}{errors}");
    Ok(())
}
