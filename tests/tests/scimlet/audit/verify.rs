//! `scimlet audit verify` on a file that somebody has meddled with.

use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server;
use serde_json::{Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    let broken = |name: &str, sql: &'static str, says: &'static str| {
        trial(format!("audit::verify::{name}"), move || meddled(sql, says))
    };
    vec![
        trial("audit::verify::intact", intact),
        trial("audit::verify::an_emptied_body_is_intact", emptied),
        broken(
            "edited_actor",
            "UPDATE event SET actor = 'somebody' WHERE sequence = 4",
            "event 4 is edited",
        ),
        broken(
            "edited_body",
            r#"UPDATE event SET body = '{"attributes":["title"]}' WHERE sequence = 4"#,
            "event 4 is edited: its body",
        ),
        broken(
            "removed",
            "DELETE FROM event WHERE sequence = 4",
            "event 4 is removed",
        ),
        broken(
            "removed_and_renumbered",
            "DELETE FROM event WHERE sequence = 4;
             UPDATE event SET sequence = sequence - 1 WHERE sequence > 4",
            "event 4 is edited",
        ),
        broken(
            "swapped",
            "UPDATE event SET sequence = 100 WHERE sequence = 4;
             UPDATE event SET sequence = 4 WHERE sequence = 6;
             UPDATE event SET sequence = 6 WHERE sequence = 100",
            "event 4 is reordered: the one that was recorded there has the number 6",
        ),
        broken(
            "cut_off",
            "DELETE FROM event WHERE sequence > 5",
            "event 6 is removed, and all that follow up to 8",
        ),
    ]
}

/// The tenant `demo` with eight events, and nobody at work.
async fn file(folder: &Path) -> anyhow::Result<()> {
    let server = server::Server::start(folder)?;
    let http = server.endpoint(TENANT)?;
    for number in 4..=8 {
        let user = json!({"userName": format!("user-{number}"), "displayName": "x"});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
    }
    server.stop()
}

/// What the command says, and whether it is content.
fn verify(folder: &Path) -> anyhow::Result<(bool, Value, String)> {
    let mut command = server::command(folder)?;
    let output = command
        .args(["audit", "verify", TENANT, "--json"])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).with_context(|| errors.clone())?;
    Ok((output.status.success(), json, errors))
}

fn meddle(folder: &Path, sql: &str) -> anyhow::Result<()> {
    Ok(Connection::open(folder.join("scimlet.db"))?.execute_batch(sql)?)
}

async fn intact() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    file(folder.path()).await?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(content && json["intact"] == true, "{json} {errors}");
    Ok(())
}

/// As the erasure of a person leaves it.
async fn emptied() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    file(folder.path()).await?;
    meddle(
        folder.path(),
        "UPDATE event SET body = '' WHERE sequence = 4",
    )?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(content && json["emptied"] == 1, "{json} {errors}");
    Ok(())
}

async fn meddled(sql: &str, says: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    file(folder.path()).await?;
    meddle(folder.path(), sql)?;
    let (content, json, errors) = verify(folder.path())?;
    ensure!(!content && json["intact"] == false, "{json}");
    ensure!(errors.contains(says), "{errors}");
    Ok(())
}
