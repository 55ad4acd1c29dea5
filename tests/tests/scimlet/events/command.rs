//! `scimlet events`.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::clock::now;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server;
use serde_json::{Value, json};

use super::{CREATED, DELETED, PATCHED, delete, gist, retitle, user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::command::follows_another_process", follow),
        trial("events::command::prints_what_comes_after", after),
        trial("events::command::tells_no_values", values),
        trial("events::command::a_removed_user_has_the_path_of_before", removed),
    ]
}

/// The command at work; killed when it is dropped.
struct Followed {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Followed {
    fn start(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = server::command(folder)?;
        command.args(["events", TENANT, "--json", "--follow"]);
        let mut process = command.args(arguments).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("no output")?;
        let lines = BufReader::new(stdout).lines();
        Ok(Self { process, lines })
    }

    fn next(&mut self) -> anyhow::Result<Value> {
        let line = self.lines.next().context("the command has ended")??;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Runs `events` without `--follow`; returns the events that it prints.
fn printed(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let mut command = server::command(folder)?;
    command.args(["events", TENANT, "--json"]).args(arguments);
    let output = command.output()?;
    ensure!(output.status.success(), "{output:?}");
    let lines = std::str::from_utf8(&output.stdout)?.lines();
    lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

async fn follow() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let before = user(&http, "before@example.com").await?;
    let mut followed = Followed::start(folder.path(), &[])?;
    let first = followed.next()?;
    ensure!(gist(&first)?.1 == CREATED && first["subject"] == before, "{first}");
    let ada = user(&http, "ada@example.com").await?;
    retitle(&http, &ada, "Countess").await?;
    delete(&http, &ada).await?;
    let mut last = gist(&first)?.0;
    for name in [CREATED, PATCHED, DELETED] {
        let event = followed.next()?;
        let (number, named, subject) = gist(&event)?;
        ensure!(number == last + 1, "{number} behind {last}");
        ensure!((named, subject) == (name, ada.as_str()), "{event}");
        last = number;
    }
    Ok(())
}

async fn after() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let http = server.endpoint(TENANT)?;
    for name in ["a", "b", "c"] {
        user(&http, name).await?;
    }
    let all = printed(folder, &[])?;
    ensure!(all.len() == 3, "{all:?}");
    let second = gist(&all[1])?.0.to_string();
    ensure!(printed(folder, &["--after", &second])? == all[2..]);
    let audit = printed(folder, &["--channel", "audit"])?;
    let names: Vec<&Value> = audit.iter().map(|event| &event["name"]).collect();
    ensure!(names == ["profile-changed", "credential-issued", "credential-issued"], "{names:?}");
    let both = printed(folder, &["--channel", "all"])?;
    let numbers: Vec<&Value> = both.iter().map(|event| &event["sequence"]).collect();
    ensure!(numbers == [1, 2, 3, 4, 5, 6], "{numbers:?}");
    Ok(())
}

/// An event says who changed which attributes and when, and no value.
async fn values() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let made = server::json(folder.path(), &["credential", "create", TENANT])?;
    let http = Http::new(server.base(TENANT), text(&made, "secret")?)?;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let body = json!({
        "userName": "grace@example.com", "password": "correct horse",
        "name": {"familyName": "Hopper"},
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
        enterprise: {"department": "Compilers"},
    });
    let user = http.ask("POST", "/Users", &body).await?.expect(201)?;
    let now = Duration::from_millis(now()).as_secs_f64();
    let events = printed(folder.path(), &[])?;
    let event = events.last().context("no event")?;
    ensure!(event["actor"] == made["id"], "{event}");
    ensure!(event["data"]["version"] == user["meta"]["version"], "{event}");
    let at = event["at"].as_f64().context("no time")?;
    ensure!((now - at).abs() < 60.0, "{at} is not {now}");
    let attributes = event["data"]["attributes"].as_array().context("none")?;
    for path in ["userName", "name", &format!("{enterprise}:department")] {
        ensure!(attributes.iter().any(|name| name == path), "no {path}: {event}");
    }
    for value in ["grace", "Hopper", "Compilers", "correct horse"] {
        ensure!(!event.to_string().contains(value), "{value} in {event}");
    }
    Ok(())
}

/// A user that a client removed is gone for clients and kept by the product, which still changes
/// it.
async fn removed() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    server::json(folder.path(), &["tenant", "set", TENANT, "users.removal=\"deactivate\""])?;
    let http = server.endpoint(TENANT)?;
    let ada = user(&http, "ada@example.com").await?;
    delete(&http, &ada).await?;
    let id = ada.rsplit('/').next().context("no id")?;
    let before = printed(folder.path(), &[])?.len();
    server::json(folder.path(), &["user", "assign", TENANT, id, "--role", "editor"])?;
    let events = printed(folder.path(), &[])?;
    ensure!(events.len() > before, "it is not told: {events:?}");
    for event in &events {
        ensure!(event["subject"] == ada.as_str(), "{event}");
    }
    Ok(())
}
