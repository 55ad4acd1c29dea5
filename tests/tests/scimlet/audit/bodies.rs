//! The digests of stored bodies: damage that a disk or memory did to a body is found and named, by
//! `scimlet audit verify` and by every read.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::server::{self, Server};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use crate::{earlier, trial};

pub fn trials() -> Vec<Trial> {
    let in_postgres =
        || needs::with(postgres::shared(), |cluster| crate::runtime()?.block_on(postgres(cluster)));
    vec![
        trial("audit::bodies::a_flipped_byte_is_named", flipped),
        trial("audit::bodies::a_damaged_one_is_not_served", served),
        trial("audit::bodies::old_rows_are_counted_and_filled", old_rows),
        Trial::ignorable_test("audit::bodies::in_postgres", in_postgres),
    ]
}

/// A text that is only in one body: no index term is made of it.
const NICKNAME: &str = "a nickname that stands in the body alone";

/// A user with that nickname, and a group that it is in.
async fn user(http: &Http) -> anyhow::Result<String> {
    let user = json!({"userName": "ada", "nickName": NICKNAME});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    let id = text(&made, "id")?.to_owned();
    let group = json!({"displayName": "g", "members": []});
    let group = http.ask("POST", "/Groups", &group).await?.expect(201)?;
    // The group's version rises, and its body stays.
    let join = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    let group = format!("/Groups/{}", text(&group, "id")?);
    http.ask("PATCH", &group, &patch(join)).await?.expect(200)?;
    Ok(id)
}

/// Runs `audit verify` with more arguments; returns whether it succeeds, its JSON, and its errors.
fn verify(folder: &Path, more: &[&str]) -> anyhow::Result<(bool, Value, String)> {
    let output =
        server::command(folder)?.args(["audit", "verify", TENANT, "--json"]).args(more).output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).with_context(|| errors.clone())?;
    Ok((output.status.success(), json, errors))
}

/// Expects that exactly one user is reported as damaged.
fn is_named(folder: &Path, id: &str, more: &[&str]) -> anyhow::Result<()> {
    let (content, json, errors) = verify(folder, more)?;
    let named = json!([{"type": "User", "id": id}]);
    ensure!(
        !content && json["bodies"]["damaged"] == named && json["intact"] == false,
        "{json} {errors}"
    );
    ensure!([TENANT, "User", id].iter().all(|word| errors.contains(word)), "{errors}");
    Ok(())
}

/// Expects that a damaged user does not stop others from being created and read.
async fn others_go_on(http: &Http) -> anyhow::Result<()> {
    let other = json!({"userName": "bob"});
    let made = http.ask("POST", "/Users", &other).await?.expect(201)?;
    let path = format!("/Users/{}", text(&made, "id")?);
    http.get(&path).await?.expect(200)?;
    Ok(())
}

/// Changes a bit of a stored body in the file, as a failing disk does.
fn flip(folder: &Path, to: u8) -> anyhow::Result<()> {
    let path = folder.join("scimlet.db");
    let mut file = fs::read(&path)?;
    let wanted = NICKNAME.as_bytes();
    let mut places = file.windows(wanted.len());
    let place = places.position(|part| part == wanted).context("no body")?;
    let byte = file.get_mut(place).context("a byte")?;
    *byte ^= to;
    Ok(fs::write(path, file)?)
}

async fn flipped() -> anyhow::Result<()> {
    // Once it is still a text, once it is not even UTF-8.
    for bit in [1, 0x80] {
        let (folder, server) = server::fresh()?;
        let folder = folder.path();
        let id = user(&server.endpoint(TENANT)?).await?;
        server.stop()?;
        let (content, json, errors) = verify(folder, &[])?;
        ensure!(content, "{json} {errors}");
        let bodies = &json["bodies"];
        ensure!(bodies["withoutDigest"] == 0 && bodies["checked"].as_u64() > Some(5), "{json}");
        flip(folder, bit)?;
        is_named(folder, &id, &[])?;
    }
    Ok(())
}

/// A damaged body is neither answered nor changed: a change would give it a digest that fits.
async fn served() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let http = server.endpoint(TENANT)?;
    let id = user(&http).await?;
    server.stop()?;
    flip(folder, 1)?;
    let server = Server::start(folder)?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    let path = format!("/Users/{id}");
    let change = patch(json!([{"op": "replace", "path": "title", "value": "x"}]));
    for answer in [
        http.get(&path).await?,
        http.get("/Users").await?,
        http.ask("PATCH", &path, &change).await?,
    ] {
        answer.expect(500)?;
        ensure!(answer.header("retry-after").is_none(), "{answer:?}");
        ensure!(!answer.body.contains(&NICKNAME[1..]), "{answer:?}");
    }
    others_go_on(&http).await?;
    let log = server.log()?;
    let told = |line: &str| line.contains("ERROR") && mentions(line, &id);
    ensure!(log.lines().any(told), "{log}");
    server.stop()?;
    is_named(folder, &id, &[])
}

/// Bodies without a digest are counted and not reported as damaged: those of a file from before
/// there were digests, and those that such a version still writes.
async fn old_rows() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let http = server.endpoint(TENANT)?;
    let id = user(&http).await?;
    server.stop()?;
    let path = folder.join("scimlet.db");
    earlier::sqlite(&path)?;
    let sql = "ALTER TABLE entry DROP COLUMN digest; ALTER TABLE entry DROP COLUMN digest_version";
    Connection::open(&path)?.execute_batch(sql)?;
    let server = Server::start(folder)?;
    let (content, json, errors) = verify(folder, &[])?;
    let old = json["bodies"]["withoutDigest"].as_u64().context("none")?;
    ensure!(content && old > 5, "{json} {errors}");
    let http = Http::new(server.base(TENANT), &http.secret)?;
    let retitle = async |title: &str| {
        let change = json!([{"op": "replace", "path": "title", "value": title}]);
        let path = format!("/Users/{id}");
        http.ask("PATCH", &path, &patch(change)).await?.expect(200)
    };
    retitle("a").await?;
    let (content, json, errors) = verify(folder, &[])?;
    ensure!(content && json["bodies"]["withoutDigest"].as_u64() < Some(old), "{json} {errors}");
    // What a scimlet without digests writes is none that is wrong.
    let sql = format!(
        "UPDATE scimlet_entry SET version = version + 1, body = replace(body, 'nick', 'NICK') \
         WHERE id = '{id}'"
    );
    let before = json["bodies"]["withoutDigest"].as_u64();
    Connection::open(folder.join("scimlet.db"))?.execute_batch(&sql)?;
    let (content, json, errors) = verify(folder, &[])?;
    ensure!(content && json["bodies"]["withoutDigest"].as_u64() > before, "{json} {errors}");
    retitle("b").await?;
    let (content, json, errors) = verify(folder, &[])?;
    ensure!(content && json["bodies"]["withoutDigest"].as_u64() == before, "{json} {errors}");
    Ok(())
}

async fn postgres(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (tempfile::TempDir::new()?, cluster.database()?);
    let folder = folder.path();
    let more = ["--database", url.as_str()];
    let name = url.rsplit('/').next().context("a name")?;
    let server = Server::over(folder, &url)?;
    let http = server.endpoint(TENANT)?;
    let id = user(&http).await?;
    let (content, json, errors) = verify(folder, &more)?;
    ensure!(content && json["bodies"]["withoutDigest"] == 0, "{json} {errors}");
    let sql =
        format!("UPDATE scimlet_entry SET body = replace(body, 'nick', 'nich') WHERE id = '{id}'");
    cluster.sql_in(name, &sql)?;
    is_named(folder, &id, &more)?;
    http.get(&format!("/Users/{id}")).await?.expect(500)?;
    others_go_on(&http).await?;
    // Taken as it is, as in tables from before there were digests.
    let columns = "ALTER TABLE entry DROP COLUMN digest, DROP COLUMN digest_version";
    server.stop()?;
    earlier::postgres(cluster, name)?;
    cluster.sql_in(name, columns)?;
    let server = Server::over(folder, &url)?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    let (content, json, errors) = verify(folder, &more)?;
    let old = json["bodies"]["withoutDigest"].as_u64();
    ensure!(content && old > Some(5), "{json} {errors}");
    let change = patch(json!([{"op": "replace", "path": "title", "value": "x"}]));
    let path = format!("/Users/{id}");
    http.ask("PATCH", &path, &change).await?.expect(200)?;
    let (content, json, errors) = verify(folder, &more)?;
    ensure!(content && json["bodies"]["withoutDigest"].as_u64() < old, "{json} {errors}");
    emptied(cluster, name, folder, &more)
}

/// An event whose body was emptied by hand is found in PostgreSQL too.
fn emptied(cluster: &Cluster, name: &str, folder: &Path, more: &[&str]) -> anyhow::Result<()> {
    cluster.sql_in(name, "UPDATE scimlet_event SET body = '' WHERE sequence = 4")?;
    let (content, json, errors) = verify(folder, more)?;
    ensure!(!content && json["event"] == 4, "{json}");
    ensure!(errors.contains(TENANT), "{errors}");
    Ok(())
}
