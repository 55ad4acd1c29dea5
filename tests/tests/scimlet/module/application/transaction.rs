//! Where storage is by `sql`, what the application does in its call is in the transaction of the
//! commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{bail, ensure};
use scimlet_sql::Dialect;
use scimlet_sql::database::{Connection, Failure, Mode, Row, Statement};
use scimlet_tests::module::Embedded;
use scimlet_tests::sql::SqliteConnection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ask, patch, user};

/// A connection that the application uses as well.
#[derive(Clone)]
struct Shared {
    connection: Arc<Mutex<SqliteConnection>>,
    /// How many lists of statements are executed before one fails; `None` if none fails.
    fails_after: Arc<Mutex<Option<usize>>>,
    /// Whether the answers to COMMIT get lost.
    loses_commits: Arc<AtomicBool>,
}

impl Shared {
    fn open(folder: &TempDir) -> anyhow::Result<Self> {
        let connection = SqliteConnection::open(&folder.path().join("application.db"))?;
        let table = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, active BOOLEAN)";
        connection.driver().execute_batch(table)?;
        let connection = Arc::new(Mutex::new(connection));
        Ok(Self { connection, fails_after: Arc::default(), loses_commits: Arc::default() })
    }

    fn fail_after(&self, lists: Option<usize>) {
        *self.fails_after.lock().expect("nobody panics") = lists;
    }

    /// Whether the list of statements that comes now fails.
    fn fails(&self) -> bool {
        let mut left = self.fails_after.lock().expect("nobody panics");
        let fails = *left == Some(0);
        *left = left.and_then(|left| left.checked_sub(1));
        fails
    }

    /// A tenant's service over the connection, and an application that follows.
    async fn followed(&self) -> anyhow::Result<Embedded> {
        let profile = r#"{"extends": "default", "users": {"seats": 3}}"#;
        let module = Embedded::over_sql(self.clone(), profile, true).await?;
        let follows = self.clone();
        Ok(module.with_application(Arc::new(move |changes| match follows.follow(&changes[0]) {
            Ok(answer) => json!({"return": answer}),
            Err(error) => json!({"error": error.to_string()}),
        })))
    }

    fn with<T>(&self, run: impl FnOnce(&SqliteConnection) -> T) -> T {
        run(&self.connection.lock().expect("nobody panics"))
    }

    /// The rows of the application's own table.
    fn rows(&self) -> anyhow::Result<Vec<(i64, String, bool)>> {
        self.with(|connection| {
            let mut all =
                connection.driver().prepare("SELECT id, name, active FROM people ORDER BY id")?;
            let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Keeps the application's own table in step; then refuses whom it does not like.
    fn follow(&self, change: &Value) -> anyhow::Result<Value> {
        let (id, step) = (&change["product-id"], change["step"].as_str().unwrap_or_default());
        let id = id.as_str().map(str::parse::<i64>).transpose()?;
        let after = change["after"].as_str().unwrap_or("{}");
        let after: Value = serde_json::from_str(after)?;
        let name = after["userName"].as_str().unwrap_or_default();
        let given = self.with(|connection| {
            let driver = connection.driver();
            match (step, id) {
                ("created", _) => {
                    let sql = "INSERT INTO people (name, active) VALUES (?, TRUE)";
                    driver.execute(sql, [name])?;
                    Ok(Some(driver.last_insert_rowid()))
                }
                ("removed", id) => {
                    driver.execute("DELETE FROM people WHERE id = ?", [id])?;
                    Ok(None)
                }
                (_, id) => {
                    let active = after["active"] == true;
                    let sql = "UPDATE people SET name = ?, active = ? WHERE id = ?";
                    driver.execute(sql, (name, active, id))?;
                    anyhow::Ok(None)
                }
            }
        })?;
        let given = given.map(|id| id.to_string());
        match name {
            "mallory" => Ok(json!({"err": {"forbidden": "not her"}})),
            _ => Ok(json!({"ok": [given]})),
        }
    }
}

impl Connection for Shared {
    fn dialect(&self) -> Dialect {
        self.with(Connection::dialect)
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        self.with(|connection| connection.begin(mode))
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        if self.fails() {
            return Err(Failure::Failed("the disk is full".to_owned()));
        }
        self.with(|connection| connection.execute(statements))
    }

    fn commit(&self) -> Result<(), Failure> {
        self.with(Connection::commit)?;
        match self.loses_commits.load(Ordering::Relaxed) {
            true => Err(Failure::Unknown("the connection was lost".to_owned())),
            false => Ok(()),
        }
    }

    fn roll_back(&self) {
        self.with(Connection::roll_back);
    }
}

pub(super) async fn is_one_with_the_commit() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let shared = Shared::open(&folder)?;
    let module = shared.followed().await?;
    let ada = ask(&module, "POST", "/Users", user("ada")).await?.expect(201)?;
    ensure!(shared.rows()? == [(1, "ada".to_owned(), true)]);
    // The user has the row's id, and each later change finds the row by it.
    let target = format!("/Users/{}", ada["id"].as_str().unwrap_or_default());
    let inactive = patch(json!([{"op": "replace", "value": {"active": false}}]));
    ask(&module, "PATCH", &target, inactive).await?.expect(200)?;
    ensure!(shared.rows()? == [(1, "ada".to_owned(), false)]);
    let active = patch(json!([{"op": "replace", "value": {"active": true}}]));
    ask(&module, "PATCH", &target, active).await?.expect(200)?;
    let bob = ask(&module, "POST", "/Users", user("bob")).await?.expect(201)?;
    let mut rows = vec![(1, "ada".to_owned(), true), (2, "bob".to_owned(), true)];
    ensure!(shared.rows()? == rows);

    // What the commit refuses, the application has not done, nor what it refuses itself.
    for (name, status) in [("bob", 409), ("mallory", 403), ("cyd", 201), ("dan", 403)] {
        ask(&module, "POST", "/Users", user(name)).await?.expect(status)?;
        rows.extend((status == 201).then(|| (3, name.to_owned(), true)));
        ensure!(shared.rows()? == rows, "{name}: {:?}", shared.rows()?);
    }
    ask(&module, "PUT", &target, user("bob")).await?.expect(409)?;
    ask(&module, "PUT", &target, user("mallory")).await?.expect(403)?;
    ensure!(shared.rows()? == rows, "{:?}", shared.rows()?);
    let found = json!({"resource-type": "User", "product-id": "2"});
    let found = module.call("directory.find-by-product-id", found).await?;
    ensure!(found["ok"] == bob["id"], "{found}");
    ask(&module, "DELETE", &target, Value::Null).await?.expect(204)?;
    ensure!(shared.rows()? == rows[1..]);
    Ok(())
}

/// Only a lost answer to COMMIT leaves it unknown whether something happened; the client is told.
pub(super) async fn failed_statements_leave_nothing_unknown() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let shared = Shared::open(&folder)?;
    let module = shared.followed().await?;
    let ada = ask(&module, "POST", "/Users", user("ada")).await?.expect(201)?;
    let target = format!("/Users/{}", ada["id"].as_str().unwrap_or_default());
    let set = |active: bool| patch(json!([{"op": "replace", "value": {"active": active}}]));
    shared.loses_commits.store(true, Ordering::Relaxed);
    let unknown = ask(&module, "PATCH", &target, set(false)).await?.expect(503)?;
    ensure!(shared.rows()? == [(1, "ada".to_owned(), false)]);
    shared.loses_commits.store(false, Ordering::Relaxed);

    for lists in 0..100 {
        shared.fail_after(Some(lists));
        let answer = ask(&module, "PATCH", &target, set(true)).await?;
        shared.fail_after(None);
        let active = shared.rows()? == [(1, "ada".to_owned(), true)];
        if [200, 204].contains(&answer.status) {
            ensure!(active && lists > 3, "{lists}");
            return Ok(());
        }
        let retry = answer.headers.iter().any(|(name, _)| name == "retry-after");
        let failed = answer.expect(503)?;
        ensure!(!active && retry, "{lists}: {failed}");
        ensure!(failed["detail"] != unknown["detail"], "{lists}: {failed}");
    }
    bail!("it succeeds at no time")
}
