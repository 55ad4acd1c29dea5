//! A database file that is removed, replaced or copied over under a running server: nothing is
//! acknowledged from then on, the server ends, and what was acknowledged is there when the file is.
//!
//! `SCIMLET_ROUNDS` says how often each (once unless it does).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::rounds;
use scimlet_tests::server::{self, Server, command};
use serde_json::json;
use tempfile::TempDir;

use crate::trial;

/// An operation on the database file, given its folder, another copy of the database, and the
/// folder for files that are moved away.
type Swap = fn(&Path, &Path, &Path) -> anyhow::Result<()>;

const SWAPS: [(&str, Swap); 6] = [
    ("removed", removed),
    ("unlinked", unlinked),
    ("replaced", replaced),
    ("log_removed", log_removed),
    ("log_overwritten", log_overwritten),
    ("copied_over", copied_over),
];

pub fn trials() -> Vec<Trial> {
    let swaps = SWAPS.into_iter().map(|(name, swap)| {
        trial(format!("faults::swap_{name}"), move || async move {
            for round in 1..=rounds::rounds(1)? {
                let outcome = survives(swap, name == "copied_over").await;
                outcome.with_context(|| format!("round {round}"))?;
            }
            Ok(())
        })
    });
    let more = [
        trial("faults::swap_of_an_idle_server", idle),
        trial("faults::a_lost_file_is_not_made_anew", not_made_anew),
        trial("faults::others_may_write_the_file", others_may_write),
    ];
    swaps.chain(more).collect()
}

const FILES: [&str; 3] = ["scimlet.db", "scimlet.db-wal", "scimlet.db-shm"];

fn removed(folder: &Path, _: &Path, kept: &Path) -> anyhow::Result<()> {
    for file in FILES {
        fs::rename(folder.join(file), kept.join(file))?;
    }
    Ok(())
}

fn unlinked(folder: &Path, _: &Path, kept: &Path) -> anyhow::Result<()> {
    fs::hard_link(folder.join(FILES[0]), kept.join(FILES[0]))?;
    fs::hard_link(folder.join(FILES[1]), kept.join(FILES[1]))?;
    Ok(fs::remove_file(folder.join(FILES[0]))?)
}

fn replaced(folder: &Path, other: &Path, kept: &Path) -> anyhow::Result<()> {
    fs::hard_link(folder.join(FILES[0]), kept.join(FILES[0]))?;
    fs::hard_link(folder.join(FILES[1]), kept.join(FILES[1]))?;
    fs::copy(other, folder.join("new"))?;
    Ok(fs::rename(folder.join("new"), folder.join(FILES[0]))?)
}

fn log_removed(folder: &Path, _: &Path, kept: &Path) -> anyhow::Result<()> {
    fs::hard_link(folder.join(FILES[0]), kept.join(FILES[0]))?;
    Ok(fs::rename(folder.join(FILES[1]), kept.join(FILES[1]))?)
}

/// Changes the salts of the write-ahead log, which makes it one of another file.
fn log_overwritten(folder: &Path, _: &Path, kept: &Path) -> anyhow::Result<()> {
    fs::hard_link(folder.join(FILES[0]), kept.join(FILES[0]))?;
    fs::copy(folder.join(FILES[1]), kept.join(FILES[1]))?;
    let mut log = fs::read(folder.join(FILES[1]))?;
    for byte in log.iter_mut().skip(16).take(8) {
        *byte ^= 0x55;
    }
    Ok(fs::write(folder.join(FILES[1]), log)?)
}

/// Copies another database over the file, as `cp backup.db scimlet.db` does: to the operating
/// system it stays the same file.
fn copied_over(folder: &Path, other: &Path, _: &Path) -> anyhow::Result<()> {
    fs::copy(other, folder.join(FILES[0])).map(drop)?;
    Ok(())
}

/// A server that has acknowledged writes, and a copy of its database from before them.
struct Victim {
    folder: TempDir,
    server: Server,
    http: Http,
    copy: PathBuf,
    acknowledged: Vec<String>,
}

impl Victim {
    async fn new() -> anyhow::Result<Self> {
        let (folder, server) = server::fresh()?;
        let secret = server.endpoint(TENANT)?.secret;
        let before = Http::new(server.base(TENANT), &secret)?;
        create(&before, "before").await?.then_some(()).context("it is created")?;
        server.stop()?;
        let copy = folder.path().join("copy");
        fs::copy(folder.path().join(FILES[0]), &copy)?;
        let server = Server::start(folder.path())?;
        let http = Http::new(server.base(TENANT), &secret)?;
        let mut victim = Self { folder, server, http, copy, acknowledged: Vec::new() };
        for number in 0..50 {
            let name = format!("user{number}");
            let done = create(&victim.http, &name).await?;
            ensure!(done, "{name} was not created");
            victim.acknowledged.push(name);
            if number == 25 {
                // Some are in the file, some in the log.
                let db = Connection::open(victim.folder.path().join(FILES[0]))?;
                db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            }
        }
        Ok(victim)
    }

    /// Writes until the server is gone. None of it may be acknowledged.
    async fn nothing_is_acknowledged(&mut self) -> anyhow::Result<()> {
        for number in 0..1000 {
            match create(&self.http, &format!("late{number}")).await {
                Ok(done) => ensure!(!done, "late{number} was acknowledged"),
                // It has ended.
                Err(_) => break,
            }
        }
        let status = self.server.ended()?;
        ensure!(!status.success(), "it ended with {status}");
        let log = fs::read_to_string(self.folder.path().join("log"))?;
        ensure!(log.contains("ERROR"), "nothing is said: {log}");
        Ok(())
    }
}

/// Creates a user; returns whether it was created. Anything but 201 has to be a 503 with a SCIM
/// body.
async fn create(http: &Http, name: &str) -> anyhow::Result<bool> {
    let answer = http.ask("POST", "/Users", &json!({"userName": name})).await?;
    if answer.status == 201 {
        return Ok(true);
    }
    let error = answer.expect(503);
    let error = error.unwrap_or_else(|error| panic!("neither 201 nor 503: {error:#}"));
    assert!(error.get("scimType").is_none(), "{error}");
    Ok(false)
}

async fn survives(swap: Swap, is_overwritten: bool) -> anyhow::Result<()> {
    let mut victim = Victim::new().await?;
    let kept = TempDir::new_in(victim.folder.path())?;
    swap(victim.folder.path(), &victim.copy, kept.path())?;
    victim.nothing_is_acknowledged().await?;
    let folder = victim.folder.path();
    if !is_overwritten {
        // Put back by the operator.
        for file in FILES {
            drop(fs::remove_file(folder.join(file)));
            if kept.path().join(file).exists() {
                fs::rename(kept.path().join(file), folder.join(file))?;
            }
        }
    }
    let server = Server::start(folder)?;
    let http = Http::new(server.base(TENANT), &victim.http.secret)?;
    let users = http.find("/Users", "userName pr").await?;
    let names: Vec<&str> = users.iter().filter_map(|user| user["userName"].as_str()).collect();
    ensure!(names.contains(&"before"), "{names:?}");
    if is_overwritten {
        // Wholly what was copied there: the log of what was there before is not mixed in.
        ensure!(names == ["before"], "{names:?}");
    } else {
        let missing = victim.acknowledged.iter().find(|name| !names.contains(&name.as_str()));
        ensure!(missing.is_none(), "{missing:?} is lost");
    }
    ensure!(create(&http, "after").await?, "it does not go on");
    let verified = command(folder)?.args(["audit", "verify", TENANT]).output()?;
    ensure!(verified.status.success(), "{verified:?}");
    Ok(())
}

/// A server notices the swap though no client writes.
async fn idle() -> anyhow::Result<()> {
    let mut victim = Victim::new().await?;
    let kept = TempDir::new_in(victim.folder.path())?;
    removed(victim.folder.path(), &victim.copy, kept.path())?;
    let status = victim.server.ended()?;
    ensure!(!status.success(), "it ended with {status}");
    Ok(())
}

/// Where a database was, a server starts with an empty one only if it is told to.
async fn not_made_anew() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    server.stop()?;
    let folder = folder.path();
    for file in FILES {
        drop(fs::remove_file(folder.join(file)));
    }
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["tenant", "create", "acme"],
        &["tenant", "list"],
    ] {
        let refused = command(folder)?.args(arguments).output()?;
        let why = String::from_utf8_lossy(&refused.stderr);
        ensure!(refused.status.code() == Some(1), "{arguments:?}: {refused:?}");
        ensure!(why.contains("scimlet.db") && why.contains("--create"), "{why}");
        ensure!(!folder.join(FILES[0]).exists(), "{arguments:?} made one");
    }
    // An empty file is as good as none.
    fs::write(folder.join(FILES[0]), "")?;
    let refused = command(folder)?.args(["serve", "--listen", "127.0.0.1:0"]).output()?;
    ensure!(refused.status.code() == Some(1), "{refused:?}");
    let anew = Server::creating(folder)?;
    anew.endpoint(TENANT)?;
    anew.stop()?;
    Server::start(folder)?.stop()
}

/// Commands and a second server write and tidy up the file; the first takes none of that for a
/// loss.
async fn others_may_write() -> anyhow::Result<()> {
    let mut victim = Victim::new().await?;
    let folder = victim.folder.path().to_owned();
    for round in 0..5 {
        let other = Server::start(&folder)?;
        let http = Http::new(other.base(TENANT), &victim.http.secret)?;
        for number in 0..20 {
            let (here, there) = (format!("a{round}-{number}"), format!("b{round}-{number}"));
            ensure!(create(&victim.http, &here).await?, "{here}");
            ensure!(create(&http, &there).await?, "{there}");
        }
        let db = Connection::open(folder.join(FILES[0]))?;
        for how in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
            let sql = format!("PRAGMA wal_checkpoint({how})");
            db.query_row(&sql, [], |_| Ok(()))?;
            ensure!(create(&victim.http, &format!("c{round}-{how}")).await?, "{how}");
        }
        let user = victim.http.find("/Users", "userName eq \"before\"").await?;
        let id = user.first().and_then(|user| user["id"].as_str()).context("it is there")?;
        let listed = command(&folder)?.args(["user", "deactivate", TENANT, id]).output()?;
        ensure!(listed.status.success() || round > 0, "{listed:?}");
        other.stop()?;
    }
    ensure!(create(&victim.http, "last").await?, "it goes on");
    ensure!(victim.server.is_running()?, "it has ended");
    Ok(())
}
