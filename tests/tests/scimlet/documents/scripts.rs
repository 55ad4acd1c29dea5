//! The commands in documents. A block `sh` is run as a whole, in the folder of a running server; of
//! a block `console` each line that calls `scimlet` has to be one that the command understands, and
//! each that calls the tests has to name some.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_core::profile::Policy;
use scimlet_tests::{needs, server};
use serde_json::Value;
use tempfile::TempDir;

use super::failing;
use super::markdown::{self, Document};

/// The trials.
pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("documents::the_tour", || needs::with(curl(), |()| tour())),
        Trial::ignorable_test("documents::first_start", || needs::with(curl(), |()| first_start())),
        Trial::ignorable_test("documents::scripts_run", || needs::with(curl(), |()| scripts_run())),
        Trial::ignorable_test("documents::commands_exist", || {
            needs::with(curl(), |()| commands_exist())
        }),
        Trial::test("documents::tests_exist", || failing(tests_exist())),
        Trial::test("documents::json_is_accepted", || failing(json_is_accepted())),
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
    let own = server::binary()?.parent().context("the binary is in no folder")?;
    let mut command = Command::new("bash");
    command.args(["-eo", "pipefail", "-c", script]).current_dir(folder);
    Ok(command.env("PATH", format!("{}:{path}", own.display())).output()?)
}

fn printed(output: &Output) -> anyhow::Result<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it fails: {errors}");
    Ok(String::from_utf8(output.stdout.clone())?)
}

/// The script of a document.
fn script(document: &Document) -> String {
    let blocks = document.blocks.iter();
    let blocks = blocks.filter(|block| block.language == "sh");
    blocks.map(|block| block.text.as_str()).collect()
}

/// The five minutes with curl.
fn tour() -> anyhow::Result<()> {
    let (folder, _server) = server::fresh()?;
    let script = format!("set -u\n{}", script(&markdown::named("README.md")?));
    let text = printed(&bash(folder.path(), &script)?)?;
    for expected in [
        "\"totalResults\":0",
        "\"display\":\"Ada Lovelace\"",
        "\"active\":false",
        "Okta production",
    ] {
        ensure!(text.contains(expected), "no {expected} in\n{text}");
    }
    ensure!(text.trim_end().ends_with("\n401"), "the old secret is good for something:\n{text}");
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

/// The commands of every document other than the README succeed, those of each on a server of its
/// own.
fn scripts_run() -> anyhow::Result<()> {
    let mut run = 0;
    for document in markdown::all()? {
        let script = script(&document);
        if document.name == "README.md" || script.is_empty() {
            continue;
        }
        let (folder, _server) = server::fresh()?;
        let output = bash(folder.path(), &format!("set -u\n{script}"))?;
        printed(&output).with_context(|| document.name.clone())?;
        run += 1;
    }
    ensure!(run >= 2, "only {run} documents have scripts");
    Ok(())
}

/// The commands of a document's blocks `console`, each on one line.
fn commands(document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter();
    let blocks = blocks.filter(|block| block.language == "console");
    let joined = blocks.map(|block| block.text.replace("\\\n", " "));
    let lines = joined.collect::<Vec<_>>().join("\n");
    let lines = lines.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.map(ToOwned::to_owned).collect()
}

/// Whether a command line calls `scimlet`, perhaps behind variables.
fn calls_scimlet(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.find(|word| !word.contains('=')) == Some("scimlet") && line.contains("scimlet ")
}

/// Inline code that calls `scimlet`, other than with words that stand for others.
fn inline_commands(document: &Document) -> Vec<String> {
    let placeholder = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    let codes = document.codes.iter().filter(|code| calls_scimlet(code));
    let codes = codes.filter(|code| !code.split_whitespace().any(placeholder));
    codes.filter(|code| *code != "scimlet help").cloned().collect()
}

/// Every command is one that `scimlet` knows, with options that it knows.
fn commands_exist() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let mut checked = 0;
    for document in markdown::all()? {
        let lines = commands(&document).into_iter();
        let lines = lines.filter(|line| calls_scimlet(line));
        for line in lines.chain(inline_commands(&document)) {
            let asked = "scimlet() { command scimlet \"$@\" --help; }";
            let output = bash(folder.path(), &format!("{asked}\n{line}"))?;
            printed(&output).with_context(|| format!("{}: `{line}`", document.name))?;
            checked += 1;
        }
    }
    ensure!(checked > 10, "only {checked} commands");
    Ok(())
}

/// Every filter of tests lets some through.
fn tests_exist() -> anyhow::Result<()> {
    let listed = Command::new(std::env::current_exe()?).arg("--list").output()?;
    let trials = printed(&listed)?;
    let document = markdown::named("CONTRIBUTING.md")?;
    let mut checked = 0;
    for line in commands(&document) {
        let Some((_, filter)) = line.split_once("--test scimlet -- ") else {
            continue;
        };
        let filter = filter.split_whitespace().next().unwrap_or_default();
        let found = trials.lines().any(|trial| trial.contains(filter));
        ensure!(found, "no trial has `{filter}` in its name");
        checked += 1;
    }
    ensure!(checked > 10, "only {checked} filters");
    Ok(())
}

/// Every block of JSON is JSON, and a profile is one that is taken.
fn json_is_accepted() -> anyhow::Result<()> {
    let mut profiles = 0;
    for document in markdown::all()? {
        for block in document.blocks.iter().filter(|b| b.language == "json") {
            let value: Value = serde_json::from_str(&block.text).context(document.name.clone())?;
            if value.get("extends").is_none() {
                continue;
            }
            let policy = Policy::from_document(&block.text).context(document.name.clone())?;
            policy.check_keys().context(document.name.clone())?;
            profiles += 1;
        }
    }
    ensure!(profiles > 0, "no document shows a profile");
    Ok(())
}
