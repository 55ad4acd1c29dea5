//! The embeddings in other languages (`host/embed/`): the component over a store of their own, and
//! the packages over a database, have to answer the recorded exchanges as the reference host does.

mod packages;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::{self, Http};
use scimlet_tests::{needs, node, python, server};
use serde_json::Value;

/// One trial for each language.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::ignorable_test("embed::python", || needs::with(python_host("serve.py"), answers)),
        Trial::ignorable_test("embed::node", || needs::with(node_host("serve.mjs"), answers)),
    ];
    trials.push(Trial::ignorable_test("embed::contract::python", || {
        needs::with(python_host("contract.py"), |command| holds(command, &quick_cases()))
    }));
    trials.push(Trial::ignorable_test("embed::contract::node", || {
        needs::with(node_host("contract.mjs"), |command| holds(command, &[]))
    }));
    trials.extend(packages::trials());
    trials
}

fn embed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/embed")
}

fn python_host(program: &str) -> anyhow::Result<Command> {
    let folder = embed().join("python/examples/store");
    let python = python::with("embed", &folder.join("requirements.txt"))?;
    let mut command = Command::new(python);
    command.arg("-B").arg(folder.join(program));
    Ok(command)
}

/// The tenant that a line of JSON says how to reach.
fn endpoint(tenant: &Value) -> anyhow::Result<Http> {
    let text = |name: &str| tenant[name].as_str().with_context(|| format!("no {name}"));
    Http::new(text("url")?, text("secret")?)
}

fn node_host(program: &str) -> anyhow::Result<Command> {
    let folder = node::with("node", &embed().join("node/examples/store"))?;
    let mut command = Command::new("node");
    command.arg(folder.join(program));
    Ok(command)
}

/// The cases of the contract that take Python no minutes.
fn quick_cases() -> Vec<&'static str> {
    let slow = ["find::", "limits::", "order::", "pages::"];
    let names = scimlet_contract::blocking::names().into_iter();
    names.filter(|name| !slow.iter().any(|subject| name.starts_with(subject))).collect()
}

/// The embedding's store holds these cases of the contract of stores; all, where there are none.
fn holds(mut command: Command, cases: &[&str]) -> anyhow::Result<()> {
    let component = server::scratch()?.join("contract.wasm");
    fs::write(&component, scimlet_tests::contract::OVER_STORE)?;
    let output = command.arg("--component").arg(component).args(cases).output()?;
    let (told, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{told}{errors}");
    Ok(())
}

/// Starts the host anew for each exchange, so that its store is empty.
fn answers(mut command: Command) -> anyhow::Result<()> {
    let component = server::scratch()?.join("embedded.wasm");
    fs::write(&component, scimlet::COMPONENT)?;
    command.arg("--component").arg(component).stdout(Stdio::piped()).stderr(Stdio::null());
    let runtime = super::runtime()?;
    for exchange in exchange::all()?.iter().filter(|e| e.profile == exchange::DEFAULT) {
        let mut host = Host(command.spawn()?);
        let endpoint = host.endpoint()?;
        runtime.block_on(exchange::run(exchange, &endpoint))?;
    }
    Ok(())
}

/// A running host, which ends with the test.
struct Host(Child);

impl Host {
    /// Reads the host's first line, which says where it listens, and its second one, which has the
    /// URL and the secret for a client.
    fn endpoint(&mut self) -> anyhow::Result<Http> {
        let mut lines = BufReader::new(self.0.stdout.take().context("no output")?).lines();
        let first = lines.next().context("no first line")??;
        ensure!(first.starts_with("listening on http://127.0.0.1:"), "the first line is {first}");
        endpoint(&serde_json::from_str(&lines.next().context("no second line")??)?)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
