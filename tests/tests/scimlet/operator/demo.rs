//! The tenant `demo` of a server whose database is empty: made for a user at a terminal or if it is
//! asked for, and otherwise not.

use std::process::Command;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::server::{self, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::a_demo_is_made_when_it_is_asked_for", asked),
        Trial::ignorable_test("operator::a_terminal_gets_a_demo", || {
            needs::with(script(), |()| terminal())
        }),
    ]
}

/// The names of the tenants.
fn tenants(folder: &TempDir) -> anyhow::Result<Vec<Value>> {
    let list = server::json(folder.path(), &["tenant", "list"])?;
    let list = list.as_array().context("no list")?;
    Ok(list.iter().map(|tenant| tenant["name"].clone()).collect())
}

/// A service manager keeps what a server prints: no secret is made for it.
async fn asked() -> anyhow::Result<()> {
    for (options, made) in [(&[][..], 0), (&["--no-demo"], 0), (&["--demo"], 1)] {
        let folder = TempDir::new()?;
        let server = Server::bare(folder.path(), options)?;
        let found = tenants(&folder)?;
        ensure!(found.len() == made, "{options:?}: {found:?}");
        if made == 1 {
            server.line(|line| line.contains("scimlet_demo_"))?;
        }
    }
    Ok(())
}

/// The program that runs a command in a terminal of its own.
fn script() -> anyhow::Result<()> {
    let found = Command::new("script").arg("--version").output();
    found.context("no script")?;
    Ok(())
}

fn terminal() -> anyhow::Result<()> {
    for (options, made) in [("", 1), ("--no-demo", 0)] {
        let folder = TempDir::new()?;
        let binary = server::binary()?.display();
        let serve = format!("timeout -s TERM 10 {binary} serve --listen 127.0.0.1:0 {options}");
        let mut command = Command::new("script");
        command.args(["-qec", &serve, "/dev/null"]).current_dir(&folder);
        let output = command.stdin(std::process::Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(text.contains("listening on"), "{text}");
        let found = tenants(&folder)?;
        ensure!(found.len() == made, "{options}: {found:?}, {text}");
        ensure!(text.contains("scimlet_demo_") == (made == 1), "{text}");
    }
    Ok(())
}
