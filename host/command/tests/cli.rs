//! The command as scripts use it: exit codes, stdout and stderr, and a server from start to end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A database file of its own, which is removed after the test.
struct TestDatabase(TempDir);

impl TestDatabase {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("test.db")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimlet"));
        command.args(arguments).arg("--database").arg(self.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts that a command failed with one sentence that contains `what`, and printed nothing else.
fn assert_refused(output: &Output, what: &str) {
    let sentence = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.contains(what), "{sentence}");
    assert!(output.stdout.is_empty());
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    let database = TestDatabase::new();
    assert_eq!(database.run(&["tenant", "crate", "acme"]).status.code(), Some(2));
    assert_refused(&database.run(&["tenant", "create", "Acme"]), "Acme");
    assert_refused(&database.run(&["tenant", "show", "acme"]), "acme");
    assert_refused(&database.run(&["credential", "list", "acme"]), "acme");
}

#[test]
fn a_mistyped_database_is_not_made() {
    let database = TestDatabase::new();
    assert_refused(&database.run(&["tenant", "list"]), "test.db");
    assert!(!database.path().exists());
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() {
    let url = "postgres://me:pa55word@127.0.0.1:1/scimlet";
    let output = Command::new(env!("CARGO_BIN_EXE_scimlet"))
        .args(["tenant", "list", "--database", url])
        .output()
        .unwrap();
    assert_refused(&output, "postgres://127.0.0.1:1/scimlet");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("pa55word"));
}

#[test]
fn tenants_come_and_go() {
    let database = TestDatabase::new();
    assert_eq!(database.json(&["tenant", "create", "acme"])["name"], "acme");
    assert_refused(&database.run(&["tenant", "create", "acme"]), "acme");
    let url = "http://127.0.0.1:8080/acme/scim/v2";
    assert_eq!(database.json(&["tenant", "list"])[0]["url"], url);
    assert_eq!(database.json(&["tenant", "show", "acme"])["url"], url);
    assert!(database.run(&["tenant", "delete", "acme"]).status.success());
    assert_eq!(database.json(&["tenant", "list"]), Value::Array(Vec::new()));
    assert_refused(&database.run(&["tenant", "delete", "acme"]), "acme");
}

/// Creates a tenant as an interrupted command leaves it: created but not configured.
fn half_made(database: &TestDatabase, name: &str) {
    use scimlet::store::{Database as _, sqlite::Sqlite};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = Sqlite::open(database.path()).unwrap();
    runtime.block_on(database.create_tenant(name, 0)).unwrap();
}

#[test]
fn a_tenant_that_was_left_half_made_is_completed() {
    let database = TestDatabase::new();
    half_made(&database, "acme");
    assert_refused(&database.run(&["tenant", "create", "acme", "--profile", "nobody"]), "nobody");
    assert_eq!(database.json(&["tenant", "list"])[0]["name"], "acme");
    assert_eq!(database.json(&["tenant", "create", "acme"])["name"], "acme");
    assert_refused(&database.run(&["tenant", "create", "acme"]), "acme");
    assert!(database.json(&["credential", "create", "acme"])["secret"].is_string());
}

#[test]
#[cfg(unix)]
fn a_start_that_was_interrupted_is_made_up_for() {
    let database = TestDatabase::new();
    half_made(&database, "demo");
    for is_shown in [true, false] {
        let mut command = database.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Server(child);
        let stdout = BufReader::new(server.0.stdout.take().unwrap());
        let mut lines = stdout.lines().map_while(Result::ok);
        assert!(lines.next().unwrap().starts_with("listening on "));
        server.terminate();
        assert_eq!(lines.any(|line| line.contains("scimlet_demo_")), is_shown);
    }
}

/// A server that is killed at the end of its test.
struct Server(Child);

impl Server {
    /// Asks the server to end.
    fn terminate(&self) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(unix)]
fn a_server_says_where_it_listens_and_leaves_when_it_is_asked_to() {
    let database = TestDatabase::new();
    // A database with a tenant needs no demo tenant.
    assert!(database.run(&["tenant", "create", "acme"]).status.success());
    let mut command = database.command(&["serve", "--listen", "127.0.0.1:0"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut server = Server(child);
    let mut stdout = BufReader::new(server.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on http://").unwrap().trim_end().to_owned();

    let mut connection = TcpStream::connect(&address).unwrap();
    connection.write_all(b"GET /health HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");

    let url = format!("http://{address}/acme/scim/v2");
    assert_eq!(database.json(&["tenant", "list"])[0]["url"], url);

    server.terminate();
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
