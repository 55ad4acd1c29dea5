//! The package of a language over SQLite and over PostgreSQL: its own tests, and every recorded
//! exchange against a server that it is mounted in, each exchange for a tenant of its own.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, anyhow, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::{self, Http};
use scimlet_tests::module::MODULE;
use scimlet_tests::{needs, postgres, python, server};
use serde_json::{Value, json};

use crate::trial;

/// The trials of each package.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::ignorable_test("embed::package::node::own_tests", || {
        needs::with(node_server(), |_| own_tests())
    })];
    trials.push(trial("embed::package::each_calls_every_function", || async { calls_all() }));
    let servers: [(&str, Server); 5] = [
        ("python", python_server),
        ("node", node_server),
        ("go", || script_server("go", &["go version"])),
        ("java", || script_server("java", &["mvn --version", "javac --version"])),
        ("c", || {
            script_server(
                "c",
                &[
                    "cc --version",
                    "make --version",
                    "pkg-config --exists sqlite3 libpq libmicrohttpd",
                ],
            )
        }),
    ];
    for (language, server) in servers {
        trials.push(Trial::ignorable_test(
            format!("embed::package::{language}::exchanges_sqlite"),
            move || needs::with(server(), on_sqlite),
        ));
        trials.push(Trial::ignorable_test(
            format!("embed::package::{language}::exchanges_postgres"),
            move || {
                let needed = server().and_then(|server| Ok((server, postgres::shared()?)));
                needs::with(needed, |(server, cluster)| on_postgres(server, cluster))
            },
        ));
    }
    trials
}

/// The folders of the packages that have a function of their language for each function
/// of the WIT. The library for C takes the function's name from its caller.
const SOURCES: [&str; 4] = ["python/src", "node/src", "go", "java/scimlet/src/main"];

/// Every function of these interfaces is named in each package, as `"admin.user"` or `"user"`.
fn calls_all() -> anyhow::Result<()> {
    let mut functions = Vec::new();
    for interface in ["admin", "directory", "tables"] {
        let file = super::embed().join("../../wit").join(interface).with_extension("wit");
        let text = fs::read_to_string(file)?;
        let names = text.lines().filter_map(|line| line.split_once(": func(")).map(|part| part.0);
        functions.extend(names.map(|name| (interface, name.trim().to_owned())));
    }
    ensure!(functions.len() > 30, "{functions:?}");
    for folder in SOURCES {
        let text = sources(&super::embed().join(folder))?;
        let named =
            |name: &str| ['"', '\''].iter().any(|q| text.contains(&format!("{q}{name}{q}")));
        let is_called = |(interface, name): &&(&str, String)| {
            named(name) || named(&format!("{interface}.{name}"))
        };
        let missing: Vec<_> = functions.iter().filter(|function| !is_called(function)).collect();
        ensure!(missing.is_empty(), "{folder}: {missing:?}");
    }
    Ok(())
}

/// The texts of all files in a folder, but those of WebAssembly, and of tests and of what is
/// translated from WebAssembly in Go.
fn sources(folder: &Path) -> anyhow::Result<String> {
    let others = ["contract", "internal", "tests", "tools"];
    let mut text = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if others.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            text.push_str(&sources(&path)?);
        } else if let Ok(found) = fs::read_to_string(&path) {
            text.push_str(&found);
        }
    }
    Ok(text)
}

/// Returns the command that starts a package's server; an error says what it needs and is not here.
type Server = fn() -> anyhow::Result<Command>;

/// The script `serve` of a package, which builds the server where it has to. `probes` are commands
/// that succeed where it can.
fn script_server(language: &str, probes: &[&str]) -> anyhow::Result<Command> {
    for probe in probes {
        let found = Command::new("sh").args(["-c", probe]).output()?;
        ensure!(found.status.success(), "`{probe}` fails here");
    }
    let mut command = Command::new(super::embed().join(language).join("serve"));
    let scratch = server::scratch()?;
    for (variable, file, wasm) in [
        ("SCIMLET_MODULE", "packaged.wasm", MODULE),
        ("SCIMLET_COMPONENT", "packaged-sql.wasm", scimlet_tests::sql::COMPONENT),
    ] {
        let file = scratch.join(file);
        // Several trials give the same file.
        if !fs::read(&file).is_ok_and(|there| there == wasm) {
            let new = tempfile::NamedTempFile::new_in(&scratch)?;
            fs::write(&new, wasm)?;
            new.persist(&file)?;
        }
        command.env(variable, file);
    }
    Ok(command)
}

/// Installs what the package for Node.js needs to be developed, and builds it, once.
fn node() -> anyhow::Result<()> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build_node().map_err(|error| format!("{error:#}")));
    built.clone().map_err(|error| anyhow!("{error}"))
}

fn build_node() -> anyhow::Result<()> {
    let _lock = server::installing("node-package")?;
    let module = server::scratch()?.join("packaged.wasm");
    fs::write(&module, MODULE)?;
    let mut command = Command::new(super::embed().join("node/scripts/setup"));
    python::succeed(command.env("SCIMLET_MODULE", module)).context("no package for Node.js")
}

fn node_server() -> anyhow::Result<Command> {
    node()?;
    let mut command = Command::new("node");
    command.arg(super::embed().join("node/test/support/serve.mjs"));
    Ok(command)
}

/// The package's server, with the module beside the sources, from where a wheel takes it too.
fn python_server() -> anyhow::Result<Command> {
    let folder = super::embed().join("python");
    let python = python::with("embed-package", &folder.join("tests/requirements.txt"))?;
    let module = folder.join("src/scimlet/scimlet-module.wasm");
    if !fs::read(&module).is_ok_and(|there| there == MODULE) {
        fs::write(module, MODULE)?;
    }
    let mut command = Command::new(python);
    command.arg("-B").arg(folder.join("tests/serve.py")).env("PYTHONPATH", folder.join("src"));
    Ok(command)
}

fn own_tests() -> anyhow::Result<()> {
    let contract = server::scratch()?.join("packaged-contract.wasm");
    fs::write(&contract, scimlet_tests::contract::MODULE)?;
    let mut command = Command::new("npm");
    command.env("SCIMLET_CONTRACT_MODULE", contract);
    python::succeed(command.arg("test").current_dir(super::embed().join("node")))
}

fn on_sqlite(server: Command) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    answers(server, &format!("sqlite:{}", folder.path().join("app.db").display()))
}

fn on_postgres(server: Command, cluster: &postgres::Cluster) -> anyhow::Result<()> {
    answers(server, &cluster.database()?)
}

/// Runs all exchanges.
fn answers(mut command: Command, database: &str) -> anyhow::Result<()> {
    let mut server = Packaged::start(command.arg(database))?;
    let runtime = crate::runtime()?;
    for (number, exchange) in exchange::all()?.iter().enumerate() {
        let endpoint = server.tenant(&format!("t{number}"), &exchange.profile)?;
        let run = runtime.block_on(exchange::run(exchange, &endpoint));
        run.with_context(|| exchange.name.clone())?;
    }
    Ok(())
}

/// A running server, which ends with the test.
struct Packaged {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Packaged {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let input = child.stdin.take().context("no input")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let first = lines.next().context("no first line")??;
        ensure!(first.starts_with("listening on http://127.0.0.1:"), "the first line is {first}");
        Ok(Self { child, input, lines })
    }

    /// Makes a tenant.
    fn tenant(&mut self, name: &str, profile: &str) -> anyhow::Result<Http> {
        writeln!(self.input, "{}", json!({"tenant": name, "profile": profile}))?;
        let line = self.lines.next().context("no answer")??;
        let made: Value = serde_json::from_str(&line)?;
        let text = |name: &str| made[name].as_str().with_context(|| format!("no {name}"));
        Http::new(text("url")?, text("secret")?)
    }
}

impl Drop for Packaged {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
