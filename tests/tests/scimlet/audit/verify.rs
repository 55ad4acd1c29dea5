//! `scimlet audit verify` on a file that was changed by hand.

use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet::feed::verify::{Break, chain};
use scimlet::store::Database;
use scimlet::store::sqlite::Sqlite;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server;
use scimlet_tests::wording::{mentions, numbers};
use serde_json::{Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    let broken = |name: &str, sql: &'static str, expected: Break| {
        trial(format!("audit::verify::{name}"), move || is_broken(sql, expected))
    };
    vec![
        trial("audit::verify::intact", intact),
        trial("audit::verify::an_erased_person_is_intact", erased),
        broken(
            "emptied",
            "UPDATE scimlet_event SET body = '' WHERE sequence = 4",
            Break::Emptied(4),
        ),
        broken(
            "emptied_event_about_nobody",
            "UPDATE scimlet_event SET body = '' WHERE subject_id IS NULL",
            Break::Emptied(1),
        ),
        trial("audit::verify::emptied_behind_the_erasure", behind_erasure),
        trial("audit::verify::emptied_and_deleted_by_a_client", deleted),
        broken(
            "edited_actor",
            "UPDATE scimlet_event SET actor = 'somebody' WHERE sequence = 4",
            Break::Edited(4),
        ),
        broken(
            "edited_body",
            r#"UPDATE scimlet_event SET body = '{"attributes":["title"]}' WHERE sequence = 4"#,
            Break::Body(4),
        ),
        broken("removed", "DELETE FROM scimlet_event WHERE sequence = 4", Break::Removed(4, 5)),
        broken(
            "removed_and_renumbered",
            "DELETE FROM scimlet_event WHERE sequence = 4;
             UPDATE scimlet_event SET sequence = sequence - 1 WHERE sequence > 4",
            Break::Edited(4),
        ),
        broken(
            "swapped",
            "UPDATE scimlet_event SET sequence = 100 WHERE sequence = 4;
             UPDATE scimlet_event SET sequence = 4 WHERE sequence = 6;
             UPDATE scimlet_event SET sequence = 6 WHERE sequence = 100",
            Break::Reordered(4, 6),
        ),
        broken("cut_off", "DELETE FROM scimlet_event WHERE sequence > 5", Break::CutOff(6, 8)),
    ]
}

/// Makes the tenant `demo` with eight events, and stops the server.
async fn file(folder: &Path) -> anyhow::Result<()> {
    let server = server::Server::start(folder)?;
    let http = server.endpoint(TENANT)?;
    for number in 4..=8 {
        let user = json!({"userName": format!("user-{number}"), "displayName": "x"});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
    }
    server.stop()
}

/// Runs `audit verify`; returns whether it succeeds, its JSON, and its errors.
fn verify(folder: &Path) -> anyhow::Result<(bool, Value, String)> {
    let mut command = server::command(folder)?;
    let output = command.args(["audit", "verify", TENANT, "--json"]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).with_context(|| errors.clone())?;
    Ok((output.status.success(), json, errors))
}

fn execute(folder: &Path, sql: &str) -> anyhow::Result<()> {
    Ok(Connection::open(folder.join("scimlet.db"))?.execute_batch(sql)?)
}

async fn intact() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    file(folder.path()).await?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(content && json["intact"] == true, "{json} {errors}");
    Ok(())
}

/// Makes a user with three events, deletes or erases the user, and stops the server; returns the
/// id.
async fn with_somebody(folder: &Path, gone: Gone) -> anyhow::Result<String> {
    let server = server::Server::start(folder)?;
    let http = server.endpoint(TENANT)?;
    let user = json!({"userName": "ada"});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    let id = text(&made, "id")?.to_owned();
    let path = format!("/Users/{id}");
    let change = json!([{"op": "replace", "path": "title", "value": "Countess"}]);
    http.ask("PATCH", &path, &patch(change)).await?.expect(200)?;
    match gone {
        Gone::Deleted => drop(http.ask("DELETE", &path, &Value::Null).await?.expect(204)?),
        Gone::Erased => drop(server::json(folder, &["user", "erase", TENANT, &id])?),
    }
    server.stop()?;
    Ok(id)
}

enum Gone {
    Deleted,
    Erased,
}

async fn erased() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    with_somebody(folder.path(), Gone::Erased).await?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(content && json["emptied"] == 2, "{json} {errors}");
    let printed = server::command(folder.path())?.args(["audit", "verify", TENANT]).output()?;
    let printed = String::from_utf8(printed.stdout)?;
    ensure!(mentions(&printed, "2"), "{printed}");
    Ok(())
}

/// The event of an erasure comes after the events that it empties, and is found if it is emptied
/// itself.
async fn behind_erasure() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let id = with_somebody(folder.path(), Gone::Erased).await?;
    let sql = format!("UPDATE scimlet_event SET body = '' WHERE subject_id = '{id}'");
    execute(folder.path(), &sql)?;
    let (content, json, _) = verify(folder.path())?;
    ensure!(!content && json["event"] == 6, "{json}");
    Ok(())
}

/// A client's DELETE is no erasure: what is known of the user's past stays.
async fn deleted() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let id = with_somebody(folder.path(), Gone::Deleted).await?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(content && json["emptied"] == 0, "{json} {errors}");
    let sql =
        format!("UPDATE scimlet_event SET body = '' WHERE subject_id = '{id}' AND sequence = 4");
    execute(folder.path(), &sql)?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(!content && json["event"] == 4, "{json}");
    ensure!(errors.contains(TENANT), "{errors}");
    Ok(())
}

/// Runs SQL on the file; the command fails and names the events, and the library says how the chain
/// is broken.
async fn is_broken(sql: &str, expected: Break) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    file(folder.path()).await?;
    execute(folder.path(), sql)?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(!content && json["intact"] == false, "{json}");
    for number in numbers(&format!("{expected:?}")) {
        ensure!(mentions(&errors, &number.to_string()), "{errors}");
    }
    let database = Sqlite::open(folder.path().join("scimlet.db"))?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    let found = chain(&*store, None).await.ok().context("no chain")?;
    ensure!(found == Err(expected), "{found:?}");
    Ok(())
}
