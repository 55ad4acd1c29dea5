//! The interface between versions (`wit/`): components that were built for a version that was
//! released load into the present host, as semantic versions promise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::{needs, node, python, sql};
use tempfile::TempDir;

use super::trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("wit::released_components_load", || {
            let tools = tests().join("../host/embed/node/examples/store");
            needs::with(node::with("node", &tools), |tools| released_load(&tools))
        }),
        trial("wit::this_version_is_as_recorded", || async { is_recorded() }),
        trial("wit::interfaces_and_worlds_say_since_when", || async { says_since() }),
    ]
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn present() -> PathBuf {
    tests().join("../wit")
}

/// The WIT of each version, by its name.
fn versions() -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(tests().join("wit"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("no name")?;
        found.insert(name.to_owned(), path);
    }
    ensure!(!found.is_empty(), "no version is recorded");
    Ok(found)
}

/// Whether a host of this version has to load components of the other one.
fn is_compatible(other: &str) -> bool {
    let significant = |version: &str| match version.split('.').collect::<Vec<_>>()[..] {
        ["0", minor, ..] => format!("0.{minor}"),
        [major, ..] => major.to_owned(),
        [] => String::new(),
    };
    significant(other) == significant(env!("CARGO_PKG_VERSION"))
}

/// `tools` is a folder with jco-transpile.
fn released_load(tools: &Path) -> anyhow::Result<()> {
    let versions = versions()?;
    let compatible = versions.iter().filter(|(version, _)| is_compatible(version));
    for (version, folder) in compatible {
        let component = component(tools, folder, "plugin")?;
        let options = PluginOptions::default().with_component(component);
        Plugin::new(options).with_context(|| format!("plugin of {version}"))?;
        let component = self::component(tools, folder, "plugin-sql")?;
        sql::load(&component).with_context(|| format!("plugin-sql of {version}"))?;
    }
    Ok(())
}

/// Returns a component that has the imports and exports of a world, and traps when it is called.
fn component(tools: &Path, wit: &Path, world: &str) -> anyhow::Result<Vec<u8>> {
    let folder = TempDir::new()?;
    let file = folder.path().join("component.wasm");
    let mut command = Command::new("node");
    command.arg(tests().join("clients/dummy_component.mjs"));
    python::succeed(command.arg(wit).arg(world).arg(&file).current_dir(tools))?;
    Ok(fs::read(file)?)
}

/// The record of the present version is what `wit/` says: whoever changes that before a release
/// records it anew, and after a release changes the version.
fn is_recorded() -> anyhow::Result<()> {
    let versions = versions()?;
    let recorded = versions.get(env!("CARGO_PKG_VERSION")).context("it is not recorded")?;
    let (recorded, present) = (texts(recorded)?, texts(&present())?);
    let differs = |(name, text): &(&String, &String)| recorded.get(*name) != Some(*text);
    let differing: Vec<_> = present.iter().filter(differs).map(|(name, _)| name).collect();
    ensure!(differing.is_empty() && recorded.len() == present.len(), "{differing:?}");
    Ok(())
}

/// The files of a folder with WIT.
fn texts(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            texts.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(texts)
}

fn says_since() -> anyhow::Result<()> {
    for (name, text) in texts(&present())? {
        let lines: Vec<&str> = text.lines().collect();
        for (before, line) in lines.iter().zip(&lines[1..]) {
            let is_gated = before.starts_with("@since(") || before.starts_with("@unstable(");
            let is_item = line.starts_with("interface ") || line.starts_with("world ");
            ensure!(is_gated || !is_item, "{name}: {line}");
        }
    }
    Ok(())
}
