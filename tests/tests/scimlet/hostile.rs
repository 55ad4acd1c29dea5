//! The supplied hostile requests, sent by their own runner, which is read and run where it lies.
//! What does not apply here is in `tests/vectors/hostile.tsv`, with the reason.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::server::{self, Server};
use scimlet_tests::{needs, supplied};
use serde_json::Value;
use tempfile::TempDir;

/// The case that many refused credentials from one address slow down. It goes to a server of its
/// own: to the other one bad credentials are sent all the time.
const SLOWED: &str = "AUTH-18";

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn(PathBuf) -> anyhow::Result<()>| {
        Trial::ignorable_test(format!("hostile::{name}"), move || needs::with(runner(), run))
    };
    vec![trial("requests", requests), trial("guesses", guesses)]
}

/// The runner, with a Python for it.
fn runner() -> anyhow::Result<PathBuf> {
    let path = supplied::folder().join("hostile/run.py");
    ensure!(path.is_file(), "no {}", path.display());
    let python = Command::new("python3").arg("--version").output();
    python.context("no python3").map(|_| path)
}

fn requests(runner: PathBuf) -> anyhow::Result<()> {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/hostile.tsv");
    let target = Target::new()?;
    let server = Server::start(target.folder())?;
    let mut command = target.command(&runner, &server)?;
    command.arg("--known").arg(known);
    judge(command)
}

/// Runs the cases against a server with the default limit of refused credentials.
fn guesses(runner: PathBuf) -> anyhow::Result<()> {
    let target = Target::new()?;
    let server = Server::strict(target.folder())?;
    let mut command = target.command(&runner, &server)?;
    command.args(["--only", SLOWED]);
    judge(command)
}

/// Two tenants, and what their clients present.
struct Target {
    folder: TempDir,
}

impl Target {
    fn new() -> anyhow::Result<Self> {
        let target = Self { folder: TempDir::new()? };
        for tenant in ["acme", "globex"] {
            target.run(&["tenant", "create", tenant])?;
        }
        Ok(target)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        server::json(self.folder(), arguments)
    }

    /// A new credential, and its id.
    fn secret(&self, tenant: &str, more: &[&str]) -> anyhow::Result<(String, String)> {
        let made = self.run(&[&["credential", "create", tenant], more].concat())?;
        let of = |name| text(&made, name).map(ToOwned::to_owned);
        Ok((of("secret")?, of("id")?))
    }

    fn command(&self, runner: &Path, server: &Server) -> anyhow::Result<Command> {
        let (expired, _) = self.secret("acme", &["--lifetime", "1s"])?;
        let made = SystemTime::now();
        let (revoked, id) = self.secret("acme", &[])?;
        self.run(&["credential", "revoke", "acme", &id])?;
        let mut command = Command::new("python3");
        let cases = runner.with_file_name("cases.jsonl");
        command.arg(runner).arg("--cases").arg(cases);
        command.args(["--seconds", "1"]);
        for (option, value) in [
            ("--base", server.base("acme")),
            ("--base-b", server.base("globex")),
            ("--token-a", self.secret("acme", &[])?.0),
            ("--token-a-ro", self.secret("acme", &["--scope", "read-only"])?.0),
            ("--token-a-expired", expired),
            ("--token-a-revoked", revoked),
            ("--token-b", self.secret("globex", &[])?.0),
        ] {
            command.arg(option).arg(value);
        }
        while made.elapsed()? < Duration::from_millis(1100) {
            sleep(Duration::from_millis(20));
        }
        Ok(command)
    }
}

/// Runs the command to its end; an error says what it found.
fn judge(mut command: Command) -> anyhow::Result<()> {
    let output = command.output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{printed}{errors}");
    Ok(())
}
