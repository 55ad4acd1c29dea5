//! Builds a crate of `guest/` for WebAssembly: the library's build script and that of the tests
//! both compile this file.
//!
//! The guest goes into a target folder of its own (`target/guest`): the outer cargo holds the lock
//! of the workspace's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const TARGET: &str = "wasm32-unknown-unknown";

/// The files that every package of the guest is built from, beside its own folder and the WIT.
const WATCHED: [&str; 10] = [
    "guest/core",
    "guest/component",
    "guest/component-sql",
    "guest/lifetime",
    "guest/sql",
    "guest/store",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "host/build",
];

/// Builds a package from the workspace at `root`, inside the target folder that contains `out`.
/// Returns where its WebAssembly is.
pub fn build(root: &Path, out: &Path, package: &str) -> Result<PathBuf, String> {
    watch(root, package);
    install_target()?;
    let target = guest_target(out)?;
    compile(root, &target, package)?;
    Ok(target.join(TARGET).join("guest").join(package.replace('-', "_")).with_extension("wasm"))
}

/// Copies a file, unless it is there already, so that what depends on it is not built again.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error| format!("{} cannot be copied: {error}", from.display());
    let bytes = fs::read(from).map_err(failed)?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).map_err(failed)
}

/// Returns the path in a variable that cargo sets.
pub fn path(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("build this with cargo: {variable} is not set"))
}

/// Rebuilds when a source of the package changes. A path that does not exist would cause a rebuild
/// every time.
fn watch(root: &Path, package: &str) {
    let mut paths: Vec<PathBuf> = WATCHED.iter().map(|name| root.join(name)).collect();
    paths.push(root.join("guest").join(package.trim_start_matches("scimlet-")));
    if package.starts_with("scimlet-contract") {
        let others = ["contract", "contract-component", "contract-component-sql", "module"];
        paths.extend(others.iter().map(|name| root.join("guest").join(name)));
    }
    let wit = fs::read_dir(root.join("wit")).into_iter().flatten().flatten();
    let wit = wit.map(|file| file.path());
    paths.extend(wit.filter(|file| file.extension().is_some_and(|end| end == "wit")));
    for path in paths.iter().filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn install_target() -> Result<(), String> {
    if has_target() {
        return Ok(());
    }
    let installed = Command::new("rustup").args(["target", "add", TARGET]).status();
    if installed.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!(
        "The Rust target {TARGET} is missing and could not be installed: run `rustup target add \
        {TARGET}`, \
         or install your distribution's Rust standard library for {TARGET}, and build again."
    ))
}

fn has_target() -> bool {
    sysroot().is_some_and(|root| Path::new(&root).join("lib/rustlib").join(TARGET).exists())
}

/// The folder of the toolchain.
fn sysroot() -> Option<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns `guest` inside the workspace's target folder, which cargo marks with CACHEDIR.TAG.
fn guest_target(out: &Path) -> Result<PathBuf, String> {
    out.ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .map(|folder| folder.join("guest"))
        .ok_or_else(|| format!("no folder above {} holds CACHEDIR.TAG", out.display()))
}

fn compile(root: &Path, target: &Path, package: &str) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["build", "--profile", "guest", "-p", package, "--target", TARGET])
        .arg("--target-dir")
        .arg(target)
        .args(["--config", &remapped()]);
    if root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_ours) {
            command.env_remove(name);
        }
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        // Only the output of a failed script is shown, here the compiler's errors.
        Ok(_) => exit(1),
        Err(error) => Err(format!("{package} did not build: cargo cannot be run: {error}.")),
    }
}

/// Returns the setting that removes folder names from the guest's panic messages: those of the
/// builder for privacy, those of the sources for size.
fn remapped() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let sources = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let folders = sources.into_iter().flatten().flatten();
    let flags =
        folders.map(|folder| format!("'--remap-path-prefix={}/='", folder.path().display()));
    let own = [
        "core",
        "component",
        "component-sql",
        "contract",
        "contract-component",
        "contract-component-sql",
        "contract-module",
        "lifetime",
        "module",
        "sql",
        "store",
    ];
    let own = own.map(|name| format!("guest/{name}/src/"));
    // The standard library's own, which rustc names by the folder of its source where that is
    // installed.
    let library = sysroot().map(|root| format!("{root}/lib/rustlib/src/rust/"));
    let own =
        own.into_iter().chain(library).map(|folder| format!("'--remap-path-prefix={folder}='"));
    let flags: Vec<String> = flags.chain(own).collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

/// Whether the variable configures the host's build (its flags, its profile, clippy as a wrapper)
/// and must not reach the guest's build. Variables about cargo's registries are passed on.
fn is_ours(name: &str) -> bool {
    const KEPT: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const FLAGS: [&str; 5] =
        ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CLIPPY_ARGS"];
    let cargos = name.starts_with("CARGO_") && !KEPT.iter().any(|kept| name.starts_with(kept));
    cargos || FLAGS.contains(&name)
}
