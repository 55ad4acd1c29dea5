//! The tables in a SQLite file: those of earlier versions are renamed, and those of an application
//! stay as they are.

use std::path::Path;
use std::sync::{Arc, Barrier};

use anyhow::ensure;
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, DatabaseError, Direction, hash_chain};
use scimlet_contract::kit::*;
use scimlet_sql::database::migrate;
use scimlet_sql::schema;
use scimlet_tests::client::{patch, text as text_of};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::{self, Server};
use scimlet_tests::sql::SqliteConnection;
use scimlet_tests::wording::mentions;
use serde_json::json;
use tempfile::TempDir;

use crate::{earlier, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("sqlite::tables::earlier_ones_are_renamed", renamed),
        trial("sqlite::tables::earlier_ones_are_renamed_once", renamed_once),
        trial("sqlite::tables::earlier_ones_are_renamed_by_an_embedding", renamed_by_an_embedding),
        trial("sqlite::tables::earlier_ones_serve", serve),
        trial("sqlite::tables::those_of_an_application_stay", shared),
        trial("sqlite::tables::those_that_were_begun_are_made", begun),
        trial("sqlite::tables::newer_ones_beside_an_applications_are_refused", newer),
    ]
}

/// Makes a file of version 2 with a tenant `acme`, and one that was deleted.
async fn earlier_file(path: &Path) -> anyhow::Result<()> {
    let database = Sqlite::open(path)?;
    for name in ["gone", "acme"] {
        database.create_tenant(name, AT).await?;
        let store = database.open(name).await?.expect("it was made");
        let writes = vec![
            insert(named("1", "bo")),
            insert(plain(group("g"))),
            link(group("g"), user("1")),
            adjust("seats", 4, None),
            append("x"),
        ];
        commit(&*store, writes).await.unwrap();
    }
    database.set_setting("url", "http://a").await?;
    database.delete_tenant("gone").await?;
    drop(database);
    earlier::sqlite(path)
}

/// Expects that an earlier file has all that it had, and can be changed.
async fn has_all(database: &Sqlite) -> anyhow::Result<()> {
    ensure!(!database.is_restored());
    ensure!(database.setting("url").await?.as_deref() == Some("http://a"));
    ensure!(database.tenants().await?.len() == 1);
    let store = database.open("acme").await?.expect("it was made");
    ensure!(version(&*store, user("1")).await.unwrap() == 1);
    ensure!(has(&*store, group("g"), user("1")).await.unwrap());
    ensure!(counter(&*store, "seats").await.unwrap() == 4);
    ensure!(
        refused(&*store, vec![insert(named("2", "bo"))]).await.unwrap() == (0, taken("userName"))
    );
    let found = store.find(query(vec![equal("userName", "bo")])).await.expect("find succeeds");
    ensure!(found.total == Some(1));
    let writes = vec![insert(named("2", "al")), link(group("g"), user("2")), append("y")];
    commit(&*store, writes).await.unwrap();
    let events = store.events(0, 9).await.expect("events succeeds");
    ensure!(events.len() == 2 && hash_chain::holds(&events[0].digest, &events[1]));
    ensure!(sorted_ids(&*store, group("g"), Direction::Outgoing).await.unwrap().len() == 2);
    Ok(())
}

async fn renamed_by_an_embedding() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let path = directory.path().join("earlier.db");
    earlier_file(&path).await?;
    for _ in 0..2 {
        let connection = SqliteConnection::open(&path)?;
        migrate::migrate(&connection).map_err(|why| anyhow::anyhow!("{why:?}"))?;
    }
    has_all(&Sqlite::open(&path)?).await
}

/// The names of the tables that are not SQLite's own.
fn tables(path: &Path) -> anyhow::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema
               WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let db = Connection::open(path)?;
    let mut statement = db.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn stamps(path: &Path) -> anyhow::Result<(i32, i32)> {
    let sql = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version";
    Ok(Connection::open(path)?.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

async fn renamed() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("scimlet.db");
    earlier_file(&path).await?;
    ensure!(stamps(&path)?.1 == 2 && tables(&path)?.contains(&"entry".into()));
    let database = Sqlite::open(&path)?;
    has_all(&database).await?;
    // What is no longer there is deleted from the renamed tables too.
    database.delete_tenant("acme").await?;
    super::await_empty(&path, &["entry", "term", "link", "linkset", "event", "sweep", "tenant"]);
    drop(database);
    let names = tables(&path)?;
    ensure!(names.iter().all(|name| name.starts_with("scimlet_")), "{names:?}");
    // The version that refuses the file is the one that earlier versions read.
    ensure!(stamps(&path)?.1 == 3);
    Ok(())
}

/// Many processes that open an earlier file at once all find all.
async fn renamed_once() -> anyhow::Result<()> {
    for _ in 0..5 {
        let folder = TempDir::new()?;
        let path = folder.path().join("scimlet.db");
        earlier_file(&path).await?;
        let barrier = Arc::new(Barrier::new(4));
        let openers = [(); 4].map(|()| {
            let (path, barrier) = (path.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                Sqlite::open(path)
            })
        });
        let opened: Result<Vec<_>, _> =
            openers.into_iter().map(|opener| opener.join().expect("no panic")).collect();
        has_all(&opened?[0]).await?;
    }
    Ok(())
}

/// An earlier file serves over HTTP, and the commands of operators work on it.
async fn serve() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (http, id) = user_over(&server).await?;
    server.stop()?;
    earlier::sqlite(&folder.path().join("scimlet.db"))?;
    let server = Server::start(folder.path())?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    works(folder.path(), &server, &http, &id).await
}

/// A user that was made over HTTP.
async fn user_over(server: &Server) -> anyhow::Result<(Http, String)> {
    let http = server.endpoint(TENANT)?;
    let made = http.ask("POST", "/Users", &json!({"userName": "ada"})).await?.expect(201)?;
    let id = text_of(&made, "id")?.to_owned();
    Ok((http, id))
}

/// Expects that the user is there and can be changed, and that the commands work.
async fn works(folder: &Path, server: &Server, http: &Http, id: &str) -> anyhow::Result<()> {
    let change = patch(json!([{"op": "replace", "path": "title", "value": "x"}]));
    http.ask("PATCH", &format!("/Users/{id}"), &change).await?.expect(200)?;
    let found = http.get("/Users?filter=userName%20eq%20%22ada%22").await?.expect(200)?;
    ensure!(found["totalResults"] == 1, "{found}");
    server::json(folder, &["audit", "verify", TENANT])?;
    server::command_on(folder, server, &["database", "new-epoch"])?;
    Ok(())
}

/// An application's file.
const APPLICATION: &str = "
    PRAGMA application_id = 77; PRAGMA user_version = 12;
    CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE);
    CREATE TABLE entry(id INTEGER PRIMARY KEY, text TEXT);
    CREATE TABLE event(id INTEGER PRIMARY KEY, tenant INTEGER, text TEXT);
    CREATE TABLE tenant(id INTEGER PRIMARY KEY, name TEXT);
    CREATE INDEX entry_order ON entry(text);
    INSERT INTO users(email) VALUES ('a@example.com'), ('b@example.com');
    INSERT INTO entry VALUES (1, 'a'); INSERT INTO event VALUES (1, 1, 'b');
    INSERT INTO tenant VALUES (1, 'theirs');";

/// The rows of the application.
fn rows(path: &Path) -> anyhow::Result<String> {
    let sql = "SELECT (SELECT json_group_array(id || email) FROM users)
                 || (SELECT json_group_array(id || text) FROM entry)
                 || (SELECT json_group_array(id || tenant || text) FROM event)
                 || (SELECT json_group_array(id || name) FROM tenant)
                 || (SELECT json_group_array(seq) FROM sqlite_sequence WHERE name = 'users')";
    Ok(Connection::open(path)?.query_row(sql, [], |row| row.get(0))?)
}

/// Makes an application's file in which an embedding has made scimlet's tables.
fn shared_file(path: &Path) -> anyhow::Result<()> {
    let db = Connection::open(path)?;
    db.execute_batch(APPLICATION)?;
    db.execute_batch(schema::SQLITE)?;
    for sql in [schema::VERSION_TABLE, schema::VERSION_ROW, schema::SET_VERSION] {
        db.execute_batch(sql)?;
    }
    Ok(())
}

/// The host serves from an application's file, and changes nothing of the application's.
async fn shared() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("scimlet.db");
    shared_file(&path)?;
    let before = (rows(&path)?, stamps(&path)?);
    let server = Server::start(folder.path())?;
    let (http, id) = user_over(&server).await?;
    works(folder.path(), &server, &http, &id).await?;
    server.stop()?;
    // Once more, since it is now a file that was open before.
    let server = Server::start(folder.path())?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    works(folder.path(), &server, &http, &id).await?;
    server::command_on(folder.path(), &server, &["tenant", "delete", TENANT])?;
    server.stop()?;
    let after = (rows(&path)?, stamps(&path)?);
    ensure!(before == after, "{before:?} {after:?}");
    Ok(())
}

/// An embedding makes the version before the tables, and may die in between.
async fn begun() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("scimlet.db");
    let db = Connection::open(&path)?;
    db.execute_batch(APPLICATION)?;
    db.execute_batch(schema::VERSION_TABLE)?;
    db.execute_batch(schema::VERSION_ROW)?;
    let before = (rows(&path)?, stamps(&path)?);
    for _ in 0..2 {
        let database = Sqlite::open(&path)?;
        drop(super::acme(&database).await);
    }
    let after = (rows(&path)?, stamps(&path)?);
    ensure!(before == after, "{before:?} {after:?}");
    Ok(())
}

async fn newer() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("scimlet.db");
    shared_file(&path)?;
    Connection::open(&path)?.execute("UPDATE scimlet_schema SET version = 9", [])?;
    match Sqlite::open(&path).map(drop) {
        Err(DatabaseError::Unsuitable(why)) => ensure!(mentions(&why, "9"), "{why}"),
        other => panic!("{other:?}"),
    }
    Ok(())
}
