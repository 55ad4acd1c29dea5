//! The library's package and public interface, and the crates that it makes an embedder depend on.

use std::any::type_name;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use libtest_mimic::{Failed, Trial};
use scimlet::store::{Query, Rejection, Write};
use syn::{Item, UseTree, Visibility};

use super::tidy;

/// Crates that only the command and the load generator need.
const COMMAND: [&str; 4] = ["clap", "hdrhistogram", "mimalloc", "tracing-subscriber"];

/// Crates that only optional parts of the library need.
const OPTIONAL: [&str; 6] =
    ["axum", "hyper", "hyper-rustls", "rusqlite", "rustls", "tokio-postgres"];

/// Crates that the store's rules must do without: they do no I/O and compile for WebAssembly.
const IMPURE: [&str; 7] =
    ["getrandom", "rusqlite", "scimlet", "tokio", "tokio-postgres", "tracing", "wasmtime"];

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> anyhow::Result<()>| {
        let failed = |error| Failed::from(format!("{error:#}"));
        Trial::test(format!("packages::{name}"), move || run().map_err(failed))
    };
    vec![
        trial("the_library_depends_on_no_command", no_command),
        trial("without_features_it_depends_on_no_driver", no_driver),
        trial("the_rules_of_the_store_depend_on_no_runtime", no_runtime),
        trial("what_the_command_depends_on_is_compiled_once", shares_dependencies),
        trial("the_package_holds_component_and_wit", holds_component),
        trial("the_library_shows_no_generated_module", no_generated_module),
        trial("the_library_shows_no_generated_type_of_the_store", no_generated_store),
    ]
}

fn no_command() -> anyhow::Result<()> {
    depends_on_none("scimlet", &[], &COMMAND)
}

fn no_driver() -> anyhow::Result<()> {
    let unwanted = [&COMMAND[..], &OPTIONAL[..]].concat();
    depends_on_none("scimlet", &["--no-default-features"], &unwanted)
}

fn no_runtime() -> anyhow::Result<()> {
    let target = ["--target", "wasm32-unknown-unknown"];
    let crates = ["scimlet-store", "scimlet-sql"];
    crates.into_iter().try_for_each(|package| depends_on_none(package, &target, &IMPURE))
}

/// No crate of these is in the package's tree of dependencies.
fn depends_on_none(package: &str, arguments: &[&str], unwanted: &[&str]) -> anyhow::Result<()> {
    let fixed = ["tree", "-p", package, "--edges", "normal", "--prefix", "none", "--format"];
    let tree = cargo(&[&fixed[..], &["{p}"], arguments].concat())?;
    ensure!(tree.lines().count() > 10, "{tree}");
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let found: Vec<&str> = names.filter(|name| unwanted.contains(name)).collect();
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

/// For `cargo run` the features that development dependencies turn on do not count, for a test
/// they do: a package that differs in them is compiled twice, with all that depends on it.
fn shares_dependencies() -> anyhow::Result<()> {
    let packages = |edges| -> anyhow::Result<BTreeSet<String>> {
        let fixed = ["tree", "--workspace", "--prefix", "none", "--no-dedupe", "--format"];
        let tree = cargo(&[&fixed[..], &["{p} {f}", "--edges", edges]].concat())?;
        Ok(tree.lines().map(str::to_owned).collect())
    };
    let (run, test) = (packages("normal,build")?, packages("normal,build,dev")?);
    ensure!(run.len() > 100, "{run:?}");
    let differing: Vec<_> = run.difference(&test).collect();
    ensure!(differing.is_empty(), "{differing:#?}");
    Ok(())
}

fn holds_component() -> anyhow::Result<()> {
    let list = cargo(&["package", "-p", "scimlet", "--list", "--allow-dirty"])?;
    let needed = ["scimlet.wasm", "wit/store.wit", "wit/world.wit", "build.rs", "build/guest.rs"];
    for file in needed.into_iter().chain(["src/lib.rs"]) {
        ensure!(list.lines().any(|line| line == file), "no `{file}` in {list}");
    }
    let nested = list.lines().find(|line| line.starts_with("command/"));
    ensure!(nested.is_none(), "{nested:?}");
    Ok(())
}

/// The module that bindgen writes is private, and of what is in it only types are re-exported. It
/// reads the items of files, not those of modules inside them, and follows no alias.
fn no_generated_module() -> anyhow::Result<()> {
    let sources = tidy::sources().into_iter().filter(|(file, _)| file.starts_with("host/src/"));
    let mut shown = Vec::new();
    let mut types = 0;
    for (file, text) in sources {
        for item in syn::parse_file(&text)?.items {
            match item {
                Item::Mod(of) if of.ident == "bindings" && is_public(&of.vis) => {
                    shown.push(format!("{file}: {}", of.ident));
                }
                Item::Use(of) if is_public(&of.vis) => {
                    let names = generated(&of.tree, false);
                    let modules = names.iter().filter(|name| !name.starts_with(char::is_uppercase));
                    shown.extend(modules.map(|name| format!("{file}: {name}")));
                    types += names.len();
                }
                _ => {}
            }
        }
    }
    ensure!(shown.is_empty() && types > 10, "{types} types, but also {shown:?}");
    Ok(())
}

/// The types of `wit/store.wit` in the library's interface do not depend on the runtime that runs
/// the component.
fn no_generated_store() -> anyhow::Result<()> {
    let names = [type_name::<Query>(), type_name::<Rejection>(), type_name::<Write>()];
    ensure!(names.iter().all(|name| name.starts_with("scimlet_store::")), "{names:?}");
    Ok(())
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The names that a `use` declaration takes from the generated module.
fn generated(tree: &UseTree, inside: bool) -> Vec<String> {
    match tree {
        UseTree::Path(path) => generated(&path.tree, inside || path.ident == "bindings"),
        UseTree::Group(group) => {
            group.items.iter().flat_map(|tree| generated(tree, inside)).collect()
        }
        UseTree::Name(name) if inside => vec![name.ident.to_string()],
        UseTree::Rename(rename) if inside => vec![rename.rename.to_string()],
        UseTree::Glob(_) if inside => vec!["*".to_owned()],
        _ => Vec::new(),
    }
}

fn cargo(arguments: &[&str]) -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(arguments).current_dir(root).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).context("it prints UTF-8")
}
