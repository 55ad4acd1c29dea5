//! Documents name all commands, options, settings, variables and benchmarks, and the functions of
//! the contract.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use scimlet_tests::server;
use serde_json::Value;

use super::markdown::{self, Document, root};

/// The document that lists commands and options of the server.
const OPERATIONS: &str = "host/docs/operations.md";

/// Returns the help that `scimlet` prints for a command.
fn help(command: &[&str]) -> anyhow::Result<String> {
    let output = server::command(&root())?.args(command).arg("--help").output()?;
    ensure!(output.status.success(), "{command:?} has no help");
    Ok(String::from_utf8(output.stdout)?)
}

/// The names in the part of a help that lists commands.
fn listed(help: &str) -> Vec<&str> {
    let part = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = part.lines().take_while(|line| !line.is_empty());
    let lines = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").collect()
}

/// Every command and subcommand is in the table of commands.
pub(super) fn commands() -> anyhow::Result<()> {
    let document = markdown::named(OPERATIONS)?;
    let whole = help(&[])?;
    let commands = listed(&whole);
    ensure!(commands.len() > 10, "only {commands:?}");
    for command in commands {
        let row = document.codes.iter().find(|code| {
            let mut words = code.split([' ', ',']);
            words.next() == Some(command)
        });
        let row = row.with_context(|| format!("no row of `{command}`"))?;
        let named: BTreeSet<&str> = row.split([' ', ',']).collect();
        for subcommand in listed(&help(&[command])?) {
            ensure!(named.contains(subcommand), "no `{subcommand}` in the row `{row}`");
        }
    }
    Ok(())
}

/// Every option of `serve` is in the document for operators.
pub(super) fn options() -> anyhow::Result<()> {
    let document = markdown::named(OPERATIONS)?;
    let help = help(&["serve"])?;
    let words = help.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.find(|word| !word.starts_with('-') || word.starts_with("--"))
    });
    let options = words.filter(|word| word.starts_with("--") && !word.starts_with("--help"));
    let options: BTreeSet<&str> = options.collect();
    ensure!(options.len() > 15, "only {options:?}");
    for option in options {
        let named = |code: &String| code.split_whitespace().any(|word| word == option);
        ensure!(document.codes.iter().any(named), "no `{option}`");
    }
    Ok(())
}

/// Every section of profiles is in the document about them.
pub(super) fn sections() -> anyhow::Result<()> {
    let document = markdown::named("host/docs/profiles.md")?;
    let preset = fs::read_to_string(root().join("guest/core/profiles/default.json"))?;
    let preset: Value = serde_json::from_str(&preset)?;
    let sections = preset.as_object().context("no object")?.keys();
    for section in sections.filter(|section| *section != "description") {
        ensure!(document.codes.contains(section), "no `{section}`");
    }
    Ok(())
}

/// Every variable that makes tests longer, and every benchmark, is in the document for
/// contributors.
pub(super) fn runs() -> anyhow::Result<()> {
    let document = markdown::named("CONTRIBUTING.md")?;
    let mut variables = BTreeSet::new();
    for folder in ["tests/src", "tests/tests"] {
        find_variables(&root().join(folder), &mut variables)?;
    }
    ensure!(variables.len() > 5, "only {variables:?}");
    for variable in variables.iter().filter(|name| *name != "SCIMLET_SECRET") {
        ensure!(document.text.contains(variable.as_str()), "no `{variable}`");
    }
    for file in fs::read_dir(root().join("tests/benches"))? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let named = document.codes.iter().any(|code| *code == name);
            ensure!(named, "no `{name}`");
        }
    }
    Ok(())
}

fn find_variables(folder: &Path, found: &mut BTreeSet<String>) -> anyhow::Result<()> {
    for text in texts(folder)? {
        for rest in text.split("\"SCIMLET_").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
            if !name.is_empty() && name.chars().all(is_name) {
                found.insert(format!("SCIMLET_{name}"));
            }
        }
    }
    Ok(())
}

/// The texts of all files below a folder.
fn texts(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(texts(&path)?),
            false => found.push(fs::read_to_string(&path)?),
        }
    }
    Ok(found)
}

/// Every event that core names where it appends it is in the contract's README.
pub(super) fn events() -> anyhow::Result<()> {
    let document = markdown::named("wit/README.md")?;
    let mut names = BTreeSet::new();
    for text in texts(&root().join("guest/core/src/service"))? {
        for call in ["noted(", "event::named("] {
            let calls = text.split(call).skip(1).map(str::trim_start);
            let literals = calls.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
            names.extend(literals.map(ToOwned::to_owned));
        }
    }
    ensure!(names.len() > 6, "only {names:?}");
    for name in names {
        ensure!(document.codes.contains(&name), "no `{name}`");
    }
    Ok(())
}

/// The functions of an interface of the contract.
fn functions(interface: &str) -> anyhow::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root().join("wit").join(format!("{interface}.wit")))?;
    let lines = text.lines().filter_map(|line| line.trim().split_once(": func("));
    let found: BTreeSet<String> = lines.map(|(name, _)| name.to_owned()).collect();
    ensure!(!found.is_empty(), "`{interface}` has no functions");
    Ok(found)
}

/// The contract's README has each file, and each function that embedders call or implement; what
/// documents call a function of the contract is one.
pub(super) fn contract() -> anyhow::Result<()> {
    let document = markdown::named("wit/README.md")?;
    for file in fs::read_dir(root().join("wit"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        let linked = document.links.contains(&name) || !name.ends_with(".wit");
        ensure!(linked, "no link to `{name}`");
    }
    for interface in ["provider", "store", "journal"] {
        for function in functions(interface)? {
            ensure!(document.codes.contains(&function), "no `{function}`");
        }
    }
    for document in markdown::all()? {
        named_functions(&document).with_context(|| document.name.clone())?;
    }
    Ok(())
}

/// Inline code such as `provider.handle`.
fn named_functions(document: &Document) -> anyhow::Result<()> {
    for code in &document.codes {
        let Some((interface, name)) = code.split_once('.') else {
            continue;
        };
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let is_file = ["wit", "rs", "py", "mjs"].contains(&name);
        let interfaces = ["provider", "admin", "store", "journal"];
        if !is_name || is_file || !interfaces.contains(&interface) {
            continue;
        }
        let known = functions(interface)?;
        ensure!(known.contains(name), "`{code}` is no function");
    }
    Ok(())
}
