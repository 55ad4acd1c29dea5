//! Makes the files of a release in `dist/`: `cargo run -p scimlet-dist`.
//!
//! They are the WebAssembly, the WIT, a package for each language, a bill of materials, and the
//! checksums of all. Packages whose tools are absent are left out, and it says so; with `CI=true`
//! that is an error. Names of languages as arguments make only those packages.

mod bill;
#[path = "../../build/files.rs"]
mod files;
mod versions;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use files::FILES;

/// The languages with a package in `host/embed/`, and the programs that packing it needs.
const LANGUAGES: [(&str, &[&str]); 5] = [
    ("python", &["python3"]),
    ("node", &["node", "npm"]),
    ("go", &["go"]),
    ("java", &["javac", "mvn"]),
    ("c", &["tar"]),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let only: Vec<String> = env::args().skip(1).collect();
    for name in &only {
        let known = LANGUAGES.iter().any(|(language, _)| language == name);
        ensure!(known, "there is no package for `{name}`");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    versions::agree(&root)?;
    let dist = root.join("dist");
    fs::create_dir_all(&dist)?;
    copy_wasm(&dist)?;
    copy_wit(&root, &dist)?;
    fs::write(dist.join("scimlet.cdx.json"), bill::of_materials(&root, &dist)?)?;
    for (language, programs) in LANGUAGES {
        if only.is_empty() || only.iter().any(|name| name == language) {
            pack(&root, &dist, language, programs)?;
        }
    }
    let files = checksums(&dist)?;
    println!("{} files in {}", files, dist.display());
    Ok(())
}

fn copy_wasm(dist: &Path) -> anyhow::Result<()> {
    for (name, _) in FILES {
        let built = Path::new(env!("OUT_DIR")).join(name);
        fs::copy(&built, dist.join(name)).with_context(|| built.display().to_string())?;
    }
    Ok(())
}

fn copy_wit(root: &Path, dist: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dist.join("wit"))?;
    for entry in fs::read_dir(root.join("wit"))? {
        let path = entry?.path();
        // The documents beside them have links to what is not in a release.
        let is_wit = path.extension().is_some_and(|extension| extension == "wit");
        if let Some(name) = path.file_name().filter(|_| is_wit) {
            fs::copy(&path, dist.join("wit").join(name))?;
        }
    }
    Ok(())
}

/// Runs the script `pack` of a language.
fn pack(root: &Path, dist: &Path, language: &str, programs: &[&str]) -> anyhow::Result<()> {
    let absent: Vec<&&str> = programs.iter().filter(|program| !is_there(program)).collect();
    if !absent.is_empty() {
        ensure!(env::var("CI").as_deref() != Ok("true"), "{language} needs {absent:?}");
        println!("left out: {language} (no {absent:?})");
        return Ok(());
    }
    println!("packing {language}");
    let script = root.join("host/embed").join(language).join("pack");
    let status = Command::new(&script)
        .arg(dist)
        .env("SCIMLET_MODULE", dist.join("scimlet-module.wasm"))
        .env("SCIMLET_COMPONENT", dist.join("scimlet-sql.wasm"))
        .env("SCIMLET_CONTRACT_MODULE", dist.join("scimlet-contract-module.wasm"))
        .status()
        .with_context(|| script.display().to_string())?;
    ensure!(status.success(), "{} failed", script.display());
    Ok(())
}

/// Whether a program is on the path.
fn is_there(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// Writes `SHA256SUMS` about all other files, in the form that `sha256sum --check` reads. Returns
/// how many there are.
fn checksums(dist: &Path) -> anyhow::Result<usize> {
    const NAME: &str = "SHA256SUMS";
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    let mut sums = String::new();
    for file in &files {
        let name = file.strip_prefix(dist)?.to_str().context("a name that is no text")?;
        if name != NAME {
            writeln!(sums, "{}  {name}", sum(file)?)?;
        }
    }
    fs::write(dist.join(NAME), sums)?;
    Ok(files.len())
}

/// Returns the SHA-256 of a file, in hexadecimal digits.
fn sum(file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    Ok(HEXLOWER.encode(&Sha256::digest(bytes)))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Runs a program in the project's folder, and returns what it prints.
fn printed(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(root).output();
    let output = output.with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
