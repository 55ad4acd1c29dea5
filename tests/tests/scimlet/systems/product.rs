//! The product's side: a tenant of a preset, the server, and the operator's commands.

use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, ensure};
use scimlet::store::RecordedEvent;
use scimlet_tests::client::text;
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::okta::Okta;

/// A product that is a preset; its tenant has the preset's name.
pub(super) struct Product {
    folder: TempDir,
    server: Server,
    tenant: &'static str,
}

impl Product {
    /// `scimlet tenant create NAME --profile PRESET`, and nothing else.
    pub(super) fn of(preset: &'static str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let create = ["tenant", "create", preset, "--profile", preset];
        server::json(folder.path(), &create)?;
        Ok(Self { server: Server::start(folder.path())?, folder, tenant: preset })
    }

    /// The folder of its database.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `http://127.0.0.1:PORT`
    pub(super) fn url(&self) -> &str {
        &self.server.url
    }

    /// Another server on the same database.
    pub(super) fn serve_on(&self, listen: &str) -> anyhow::Result<Server> {
        Server::listening(self.folder(), listen)
    }

    /// Runs a command with `--json`, in which `TENANT` stands for the tenant's name; returns the
    /// JSON that it prints.
    pub(super) fn run(&self, command: &str) -> anyhow::Result<Value> {
        server::json(self.folder(), &self.words(command))
    }

    /// Begins a command with `--json`.
    pub(super) fn spawn(&self, command: &str) -> anyhow::Result<Child> {
        let mut process = server::command(self.folder())?;
        process.args(self.words(command)).arg("--json");
        Ok(process.stdout(Stdio::piped()).spawn()?)
    }

    /// The sentence with which a command fails.
    pub(super) fn refused(&self, command: &str) -> anyhow::Result<String> {
        let output = server::command(self.folder())?.args(self.words(command)).output()?;
        let sentence = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(1), "`{command}`: {sentence}");
        Ok(sentence)
    }

    fn words<'w>(&self, command: &'w str) -> Vec<&'w str> {
        let word = |word| match word {
            "TENANT" => self.tenant,
            word => word,
        };
        command.split(' ').map(word).collect()
    }

    /// Okta, with the credential that a command makes.
    pub(super) fn okta(&self, command: &str) -> anyhow::Result<Okta> {
        Okta::new(&self.run(command)?)
    }

    /// Enters people whom the product has already; their ids.
    pub(super) fn import(&self, names: &[&str]) -> anyhow::Result<Vec<String>> {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        let line = |name: &&str| format!("{}\n", json!({"schemas": [schema], "userName": name}));
        let lines: String = names.iter().map(line).collect();
        let file = self.folder().join("people.jsonl");
        std::fs::write(file, lines)?;
        self.run("user import TENANT people.jsonl")?;
        let users = self.run("user list TENANT")?;
        let users = users.as_array().context("no list")?;
        let id = |name: &&str| {
            let user = users.iter().find(|user| user["userName"] == **name);
            Ok(text(user.context("not imported")?, "id")?.to_owned())
        };
        names.iter().map(id).collect()
    }

    /// Returns the part of a user that only the product sees.
    pub(super) fn view(&self, id: &str) -> anyhow::Result<Value> {
        let mut user = self.run(&format!("user show TENANT {id}"))?;
        Ok(user["urn:scimlet:product"].take())
    }

    /// All events so far.
    pub(super) async fn events(&self) -> anyhow::Result<Vec<RecordedEvent>> {
        outbox::feed(self.folder(), self.tenant).await
    }

    /// Returns the names of the events about a user; those of RFC 9967 by their last words.
    pub(super) async fn told(&self, id: &str) -> anyhow::Result<Vec<String>> {
        let events = self.events().await?.into_iter();
        let about = events.filter(|recorded| {
            let subject = recorded.event.subject.as_ref();
            subject.is_some_and(|subject| subject.id == id)
        });
        let name = |recorded: RecordedEvent| {
            let name = recorded.event.name;
            let short = name.strip_prefix("urn:ietf:params:scim:event:prov:");
            short.unwrap_or(&name).to_owned()
        };
        Ok(about.map(name).collect())
    }

    /// Returns everything that the server has logged so far.
    pub(super) fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder().join("log"))?)
    }

    /// The lines of the server's log that the plugin has noted under a topic.
    pub(super) fn notes(&self, topic: &str) -> anyhow::Result<Vec<String>> {
        let log = self.log()?;
        let topic = format!("topic=\"{topic}\"");
        let of_topic = log.lines().filter(|line| line.contains(&topic));
        Ok(of_topic.map(ToOwned::to_owned).collect())
    }
}
