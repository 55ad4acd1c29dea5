//! The package of a language over SQLite and over PostgreSQL: its own tests, and every recorded
//! exchange against a server that it is mounted in, each exchange for a tenant of its own.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, anyhow, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::{self, Http};
use scimlet_tests::module::MODULE;
use scimlet_tests::{needs, postgres, python, server};
use serde_json::{Value, json};

/// The trials of each package.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("embed::package::python::exchanges_sqlite", || {
            needs::with(python_server(), on_sqlite)
        }),
        Trial::ignorable_test("embed::package::python::exchanges_postgres", || {
            let needed = python_server().and_then(|server| Ok((server, postgres::shared()?)));
            needs::with(needed, |(server, cluster)| on_postgres(server, cluster))
        }),
        Trial::ignorable_test("embed::package::node::exchanges_sqlite", || {
            needs::with(node(), |()| on_sqlite(node_server()))
        }),
        Trial::ignorable_test("embed::package::node::exchanges_postgres", || {
            let needed = node().and_then(|()| postgres::shared());
            needs::with(needed, |cluster| on_postgres(node_server(), cluster))
        }),
        Trial::ignorable_test("embed::package::node::own_tests", || needs::with(node(), own_tests)),
    ]
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

fn node_server() -> Command {
    let mut command = Command::new("node");
    command.arg(super::embed().join("node/test/support/serve.mjs"));
    command
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

fn own_tests((): ()) -> anyhow::Result<()> {
    let mut command = Command::new("npm");
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
