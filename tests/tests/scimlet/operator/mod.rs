//! The commands of an operator, over the real binary: what they print, and what a client notices of
//! them.

mod credentials;
mod deleted;
mod demo;
mod escapes;
mod groups;
mod imports;
mod issuers;
mod profiles;
mod secrets;
mod settings;
mod users;

use std::path::Path;
use std::process::Output;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::Http;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

pub fn trials() -> Vec<Trial> {
    let mut trials = credentials::trials();
    trials.extend(groups::trials());
    trials.extend(imports::trials());
    trials.extend(issuers::trials());
    trials.extend(deleted::trials());
    trials.extend(demo::trials());
    trials.extend(escapes::trials());
    trials.extend(secrets::trials());
    trials.extend(profiles::trials());
    trials.extend(settings::trials());
    trials.extend(users::trials());
    trials
}

/// A folder with a database, and the tenant `acme` in it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new(profile: &str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let desk = Self { folder };
        desk.json(&["tenant", "create", "acme", "--profile", profile])?;
        Ok(desk)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(server::command(self.folder())?.args(arguments).output()?)
    }

    /// Runs a command with `--json`; returns the JSON that it prints.
    fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        server::json(self.folder(), arguments)
    }

    /// Runs a command without `--json`; returns the text that it prints.
    fn text(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.run(arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?} failed: {errors}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The sentence with which a command fails, which prints nothing else.
    fn refused(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.run(arguments)?;
        let sentence = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(1), "{arguments:?}: {sentence}");
        ensure!(output.stdout.is_empty(), "{arguments:?} printed something");
        ensure!(sentence.lines().count() == 1, "{sentence}");
        Ok(sentence)
    }

    /// A server on the database, and a client of `acme` with a new bearer.
    fn serve(&self) -> anyhow::Result<(Server, Http)> {
        let server = Server::start(self.folder())?;
        let client = server.endpoint("acme")?;
        Ok((server, client))
    }

    /// The file of this name in the folder.
    fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.folder().join(name), content)?)
    }

    /// Imports users of these names and returns their ids.
    fn import(&self, names: &[&str]) -> anyhow::Result<Vec<String>> {
        let lines: String = names.iter().map(|name| line(name)).collect();
        self.write("users.jsonl", &lines)?;
        self.json(&["user", "import", "acme", "users.jsonl"])?;
        let users = self.json(&["user", "list", "acme"])?;
        let id = |name: &&str| {
            let mut users = users.as_array().into_iter().flatten();
            let user = users.find(|user| user["userName"] == **name);
            text(user.unwrap_or(&Value::Null), "id").map(ToOwned::to_owned)
        };
        names.iter().map(id).collect()
    }
}

/// A line of an import.
fn line(name: &str) -> String {
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name});
    format!("{user}\n")
}
