//! `scimlet audit checkpoint`, and what `scimlet audit verify --checkpoint` finds of a database
//! that agrees with itself and not with what was kept elsewhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("audit::checkpoint::what_goes_on_agrees", agrees),
        trial("audit::checkpoint::finds_a_shortened_database", shortened),
        trial("audit::checkpoint::finds_a_rewritten_database", rewritten),
        trial("audit::checkpoint::finds_that_a_tenant_is_gone", gone),
        trial("audit::checkpoint::has_to_be_one", mistakes),
    ]
}

const FILE: &str = "elsewhere.json";

/// Creates so many users more.
async fn grow(folder: &Path, names: &[&str]) -> anyhow::Result<()> {
    let server = Server::start(folder)?;
    let http = server.endpoint(TENANT)?;
    for name in names {
        let user = json!({"userName": name});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
    }
    server.stop()
}

/// Runs a command; returns whether it succeeds, its output as JSON, and its errors.
fn run(folder: &Path, arguments: &[&str]) -> anyhow::Result<(bool, Value, String)> {
    let output = server::command(folder)?.args(arguments).arg("--json").output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output.status.success(), json, errors))
}

fn checkpoint(folder: &Path) -> anyhow::Result<Value> {
    let (done, _, errors) = run(folder, &["audit", "checkpoint", "--output", FILE])?;
    ensure!(done, "{errors}");
    Ok(serde_json::from_str(&fs::read_to_string(folder.join(FILE))?)?)
}

fn verify(folder: &Path) -> anyhow::Result<(bool, Value, String)> {
    run(folder, &["audit", "verify", TENANT, "--checkpoint", FILE])
}

/// Expects that the chain holds by itself, and that the checkpoint says at which event it does not.
fn only_the_checkpoint_finds(folder: &Path, event: u64) -> anyhow::Result<()> {
    let (content, json, errors) = run(folder, &["audit", "verify", TENANT])?;
    ensure!(content, "{json} {errors}");
    let (content, json, errors) = verify(folder)?;
    ensure!(!content && json["event"] == event, "{json} {errors}");
    ensure!(errors.contains(TENANT), "{errors}");
    let (content, json, _) = run(folder, &["audit", "verify", "--checkpoint", FILE])?;
    ensure!(!content && json[0]["event"] == event, "{json}");
    Ok(())
}

async fn agrees() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    grow(folder, &["a", "b"]).await?;
    let kept = checkpoint(folder)?;
    let of = &kept["tenants"][0];
    ensure!(of["tenant"] == TENANT && of["sequence"] == 5, "{kept}");
    let (done, printed, _) = run(folder, &["audit", "checkpoint", TENANT])?;
    ensure!(done && printed["tenants"] == kept["tenants"], "{printed}");
    let (content, json, errors) = verify(folder)?;
    ensure!(content, "{json} {errors}");
    ensure!(json["digest"] == of["digest"], "{json}");
    // Written over in place, and what follows it is no matter.
    checkpoint(folder)?;
    grow(folder, &["c"]).await?;
    server::json(folder, &["tenant", "create", "later"])?;
    let (content, json, errors) = verify(folder)?;
    ensure!(content && json["events"] == 7, "{json} {errors}");
    let (content, json, errors) = run(folder, &["audit", "verify", "--checkpoint", FILE])?;
    ensure!(
        content && json[0]["intact"] == true && json[1]["tenant"] == "later",
        "{json} {errors}"
    );
    Ok(())
}

/// The last events are cut off by somebody who knows where the end is recorded.
async fn shortened() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    grow(folder, &["a", "b"]).await?;
    checkpoint(folder)?;
    Connection::open(folder.join("scimlet.db"))?.execute_batch(
        "DELETE FROM scimlet_event WHERE sequence > 3;
         UPDATE scimlet_tenant SET sequence = 3,
           digest = (SELECT digest FROM scimlet_event WHERE sequence = 3)",
    )?;
    only_the_checkpoint_finds(folder, 4)
}

/// The database is replaced by an older copy, and other events follow in it.
async fn rewritten() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    grow(folder, &["a"]).await?;
    fs::copy(folder.join("scimlet.db"), folder.join("copy"))?;
    grow(folder, &["b"]).await?;
    checkpoint(folder)?;
    fs::copy(folder.join("copy"), folder.join("scimlet.db"))?;
    grow(folder, &["c", "d"]).await?;
    only_the_checkpoint_finds(folder, 6)
}

async fn gone() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    grow(folder, &[]).await?;
    server::json(folder, &["tenant", "create", "acme"])?;
    checkpoint(folder)?;
    server::json(folder, &["tenant", "delete", "acme"])?;
    let (content, ..) = verify(folder)?;
    ensure!(content, "the other tenant is whole");
    for arguments in [
        &["audit", "verify", "--checkpoint", FILE][..],
        &["audit", "verify", "acme", "--checkpoint", FILE],
    ] {
        let (content, json, errors) = run(folder, arguments)?;
        ensure!(!content && errors.contains("acme"), "{json} {errors}");
    }
    // Made anew it is another one.
    server::json(folder, &["tenant", "create", "acme"])?;
    let (content, json, _) = run(folder, &["audit", "verify", "--checkpoint", FILE])?;
    ensure!(!content && json[0]["tenant"] == "acme", "{json}");
    ensure!(json[0]["intact"] == false && json[1]["intact"] == true, "{json}");
    Ok(())
}

async fn mistakes() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    grow(folder, &[]).await?;
    let kept = checkpoint(folder)?;
    let (content, _, errors) = run(folder, &["audit", "verify", "x", "--checkpoint", FILE])?;
    ensure!(!content && errors.contains("`x`"), "{errors}");
    let digest = kept["tenants"][0]["digest"].as_str().context("none")?;
    let short = kept.to_string().replace(digest, "00ff");
    for text in ["", "{}", &short] {
        fs::write(folder.join(FILE), text)?;
        let (content, _, errors) = verify(folder)?;
        ensure!(!content && errors.contains(FILE), "{errors}");
    }
    let (content, _, errors) = run(folder, &["audit", "checkpoint", "nobody"])?;
    ensure!(!content && errors.contains("nobody"), "{errors}");
    Ok(())
}
