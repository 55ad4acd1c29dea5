//! `scimlet user import`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::ops::RangeInclusive;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::server;
use scimlet_tests::wording::{mentions, numbers};
use serde_json::{Value, json};

use super::{Desk, line};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::an_import_says_what_it_skipped", skipped),
        trial("operator::an_import_may_be_repeated", repeated),
        trial("operator::an_import_goes_on_behind_a_line", after),
        trial("operator::an_import_reads_from_a_pipe", pipe),
        trial("operator::an_import_that_is_interrupted_says_where", interrupted),
        trial("operator::an_import_of_nothing_fails", nothing),
    ]
}

fn lines(numbers: RangeInclusive<u32>) -> String {
    let names = numbers.map(|number| line(&format!("u{number}@example.com")));
    names.collect()
}

async fn skipped() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let (ada, again, bob) = ("ada@example.com", "ADA@example.com", "bob@example.com");
    let nobody = line("").replace("userName", "displayName");
    let lines = [&line(ada), "\n", &nobody, "nonsense\n", &line(again)];
    let content = lines.concat() + line(bob).trim_end();
    desk.write("users.jsonl", &content)?;
    let report = desk.json(&["user", "import", "acme", "users.jsonl"])?;
    ensure!(report["made"] == 2 && report["lastLine"] == 6, "{report}");
    let skipped = report["skipped"].as_array().context("no list")?;
    let numbers: Vec<_> = skipped.iter().map(|line| line["line"].as_u64()).collect();
    ensure!(numbers == [Some(3), Some(4), Some(5)], "{report}");
    ensure!(mentions(text(&skipped[0], "reason")?, "userName"), "{report}");
    let users = desk.json(&["user", "list", "acme"])?;
    let names: Vec<_> =
        users.as_array().into_iter().flatten().map(|user| &user["userName"]).collect();
    ensure!(names == [ada, bob], "{users}");
    Ok(())
}

async fn repeated() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    desk.write("users.jsonl", &lines(1..=3))?;
    desk.json(&["user", "import", "acme", "users.jsonl"])?;
    desk.write("users.jsonl", &lines(1..=4))?;
    let printed = desk.text(&["user", "import", "acme", "users.jsonl"])?;
    let said: Vec<&str> = printed.lines().collect();
    ensure!(said.len() == 4 && numbers(said[0]) == [1, 3], "{printed}");
    for (line, said) in (1..).zip(&said[1..]) {
        ensure!(numbers(said).contains(&line), "{printed}");
    }
    Ok(())
}

async fn after() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    desk.write("users.jsonl", &lines(1..=450))?;
    let import = ["user", "import", "acme", "users.jsonl", "--after"];
    let report = desk.json(&[&import[..], &["440"]].concat())?;
    ensure!(report == json!({"made": 10, "skipped": [], "lastLine": 450}), "{report}");
    let report = desk.json(&[&import[..], &["450"]].concat())?;
    ensure!(report["made"] == 0, "{report}");
    let report = desk.json(&[&import[..], &["0"]].concat())?;
    ensure!(report["made"] == 440, "{report}");
    let users = desk.json(&["user", "list", "acme"])?;
    ensure!(users.as_array().map(Vec::len) == Some(450), "not all are listed");
    Ok(())
}

async fn pipe() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let mut command = server::command(desk.folder())?;
    command.args(["user", "import", "acme", "-", "--json"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = process.stdin.take().context("no input")?;
    input.write_all(lines(1..=2).as_bytes())?;
    drop(input);
    let output = process.wait_with_output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(output.status.success() && report["made"] == 2, "{report}");
    Ok(())
}

async fn interrupted() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let mut command = server::command(desk.folder())?;
    command.args(["user", "import", "acme", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.stderr(Stdio::piped()).spawn()?;
    // It stays open: whoever writes into it has not said everything.
    let mut input = process.stdin.take().context("no input")?;
    input.write_all(lines(1..=1000).as_bytes())?;
    let mut errors = BufReader::new(process.stderr.take().context("no errors")?);
    let mut progress = String::new();
    errors.read_line(&mut progress)?;
    ensure!(mentions(&progress, "1000"), "{progress}");
    let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status()?;
    ensure!(sent.success(), "it cannot be interrupted");
    let output = process.wait_with_output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["made"] == 1000 && report["lastLine"] == 1000, "{report}");
    let mut sentence = String::new();
    errors.read_to_string(&mut sentence)?;
    ensure!(output.status.code() == Some(1), "{sentence}");
    ensure!(mentions(&sentence, "--after 1000"), "{sentence}");
    drop(input);
    Ok(())
}

async fn nothing() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    desk.write("users.jsonl", "")?;
    for file in ["users.jsonl", "missing.jsonl", "."] {
        let sentence = desk.refused(&["user", "import", "acme", file])?;
        ensure!(mentions(&sentence, file), "{sentence}");
    }
    Ok(())
}
