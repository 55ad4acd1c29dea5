//! An older copy is put in a database's place: followers that have seen more are told, whichever
//! way they follow, and those that have not go on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::needs;
use scimlet_tests::outbox;
use scimlet_tests::postgres::{self, Cluster};
use scimlet_tests::server::{self, Server, command};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::http::{Stream, reader};
use super::receiver::Receiver;
use super::user;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let in_postgres =
        || needs::with(postgres::shared(), |cluster| crate::runtime()?.block_on(postgres(cluster)));
    vec![
        trial("events::epoch::a_restored_file_is_noticed", noticed),
        trial("events::epoch::a_restored_folder_is_told_of", folder),
        trial("events::epoch::a_command_follows_no_gone_event", by_command),
        trial("events::epoch::stays_when_nothing_is_restored", stays),
        trial("events::epoch::webhooks_go_back", webhooks),
        Trial::ignorable_test("events::epoch::in_postgres", in_postgres),
    ]
}

const FILES: [&str; 4] = ["scimlet.db", "scimlet.db-wal", "scimlet.db-shm", "scimlet.db.identity"];

/// A tenant's clients and its feed.
struct Site {
    server: Server,
    http: Http,
    feed: Http,
}

impl Site {
    /// Returns the site with a credential for clients and one for the feed.
    fn new(folder: &Path, server: Server) -> anyhow::Result<Self> {
        let http = server.endpoint(TENANT)?;
        let (feed, _) = reader(folder, &server)?;
        Ok(Self { server, http, feed })
    }

    /// Stops the server, runs `between`, and starts it again at another address.
    fn again(
        self,
        folder: &Path,
        between: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        self.server.stop()?;
        between()?;
        let server = Server::start(folder)?;
        let http = self.http.at(server.base(TENANT));
        let feed = self.feed.at(format!("{}/{TENANT}", server.url));
        Ok(Self { server, http, feed })
    }

    async fn users(&self, names: &[&str]) -> anyhow::Result<()> {
        for name in names {
            user(&self.http, name).await?;
        }
        Ok(())
    }

    /// Returns all events of the feed after a position.
    async fn page(&self, after: &str) -> anyhow::Result<Value> {
        let page = self.feed.get(&format!("/events?after={after}")).await?;
        page.expect(200)
    }

    /// Expects that a follower with this query is refused because events are gone; returns the
    /// error.
    async fn gone(&self, query: &str) -> anyhow::Result<Value> {
        let told = self.feed.get(&format!("/events?{query}")).await?;
        let told = told.expect(410).with_context(|| query.to_owned())?;
        ensure!(!text(&told, "detail")?.is_empty(), "{told}");
        // Good to go on with, once what was lost is known.
        let next = self.page(text(&told, "newest")?).await?;
        ensure!(next["events"] == json!([]), "{next}");
        ensure!(next["epoch"] == told["epoch"], "{next} {told}");
        Ok(told)
    }
}

/// Copies the files of a database that no process has open; with the file beside them if `whole`.
fn copy(from: &Path, to: &Path, whole: bool) -> anyhow::Result<()> {
    for file in &FILES[..if whole { 4 } else { 3 }] {
        drop(fs::remove_file(to.join(file)));
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file))?;
        }
    }
    Ok(())
}

fn subfolder(folder: &Path) -> anyhow::Result<PathBuf> {
    let copy = folder.join("copy");
    fs::create_dir(&copy)?;
    Ok(copy)
}

/// An older copy of the database is noticed when a server starts. Events 1 to 4 are of the tenant
/// and its credentials, 5 and 6 in the copy, 7 to 9 lost, and later ones have their numbers.
async fn noticed() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let kept = subfolder(folder)?;
    let site = Site::new(folder, server)?;
    site.users(&["a", "b"]).await?;
    let site = site.again(folder, || copy(folder, &kept, false))?;
    let early = site.page("0").await?;
    site.users(&["lost1", "lost2", "lost3"]).await?;
    let late = site.page("0").await?;
    ensure!(early["after"] == 6 && late["after"] == 9, "{early} {late}");
    let site = site.again(folder, || copy(&kept, folder, false))?;
    // Before others have their numbers, and after.
    for names in [&[][..], &["c", "d", "e", "f"]] {
        site.users(names).await?;
        let told = site.gone("after=9").await?;
        ensure!(told["epoch"] != late["epoch"], "{told} {late}");
        site.gone(&format!("after={}", text(&late, "next")?)).await?;
        site.gone(&format!("after=9&epoch={}", text(&late, "epoch")?)).await?;
    }
    let last = text(&late, "next")?;
    let request = site.feed.client.get(format!("{}/events", site.feed.base));
    let request = request.bearer_auth(&site.feed.secret);
    let stream = request.header("accept", "text/event-stream");
    let answer = stream.header("last-event-id", last).send().await?;
    ensure!(answer.status() == 410, "{}", answer.status());
    // Who has seen no more than is in the copy misses nothing.
    for after in ["0", "6", text(&early, "next")?] {
        let page = site.page(after).await?;
        let count = page["events"].as_array().map(Vec::len);
        ensure!(count == Some(if after == "0" { 6 } else { 4 }), "{page}");
    }
    // From now on a number needs its epoch, or is part of an id.
    let page = site.page("0").await?;
    site.gone(&format!("after={}", page["after"])).await?;
    let named = format!("{}&epoch={}", page["after"], text(&page, "epoch")?);
    for after in [named.as_str(), text(&page, "next")?] {
        ensure!(site.page(after).await?["events"] == json!([]), "{after}");
    }
    let audit = outbox::audit(folder, TENANT).await?;
    let raised = audit.iter().filter(|event| event.event.name == "feed-epoch-raised");
    let bodies: Vec<&str> = raised.map(|event| event.event.body.as_str()).collect();
    ensure!(bodies.len() == 1 && bodies[0].contains(r#""after":6"#), "{bodies:?}");
    Ok(())
}

/// The whole folder is restored, as from a snapshot of the disk: no file beside the database tells
/// of it.
async fn folder() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let kept = subfolder(folder)?;
    let site = Site::new(folder, server)?;
    site.users(&["a", "b"]).await?;
    let site = site.again(folder, || copy(folder, &kept, true))?;
    site.users(&["lost1", "lost2"]).await?;
    let late = site.page("0").await?;
    let site = site.again(folder, || copy(&kept, folder, true))?;
    site.users(&["c", "d", "e"]).await?;
    // The event itself is another one.
    site.gone(&format!("after={}", text(&late, "next")?)).await?;
    // Whoever knows it by its number only is told when the operator has said so.
    let site = site.again(folder, || {
        copy(&kept, folder, true)?;
        let raised = server::json(folder, &["database", "new-epoch"])?;
        ensure!(raised["tenants"] == 1, "{raised}");
        Ok(())
    })?;
    site.users(&["f", "g", "h"]).await?;
    site.gone(&format!("after={}", late["after"])).await?;
    Ok(())
}

async fn by_command() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let kept = subfolder(folder)?;
    let site = Site::new(folder, server)?;
    let site = site.again(folder, || copy(folder, &kept, false))?;
    site.users(&["lost1", "lost2"]).await?;
    let late = site.page("0").await?;
    let checkpoint = server::json(folder, &["audit", "checkpoint", TENANT])?;
    let epoch = &checkpoint["tenants"][0]["epoch"];
    ensure!(*epoch == late["epoch"], "{checkpoint} {late}");
    let after = |place: &str| {
        let mut command = command(folder)?;
        let output = command.args(["events", TENANT, "--after", place]).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::Ok((output.status.code(), said))
    };
    let (number, id) = (late["after"].to_string(), text(&late, "next")?);
    for place in [&number, id] {
        ensure!(after(place)?.0 == Some(0), "{place}");
    }
    let site = site.again(folder, || copy(&kept, folder, false))?;
    site.users(&["a", "b", "c"]).await?;
    let now = site.page("0").await?;
    let newest = text(&now, "next")?;
    for place in [&number, id] {
        let (code, said) = after(place)?;
        ensure!(code == Some(1) && mentions(&said, newest), "{said}");
    }
    ensure!(after("x")?.0 == Some(2));
    let verified = command(folder)?.args(["audit", "verify"]).output()?;
    ensure!(verified.status.success(), "{verified:?}");
    Ok(())
}

/// The epoch stays the same however servers end, and whatever tenants are deleted.
async fn stays() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let mut site = Site::new(folder, server)?;
    let before = site.page("0").await?;
    for round in 0..3 {
        site.users(&[&format!("a{round}"), &format!("b{round}")]).await?;
        let late = site.page("0").await?;
        server::json(folder, &["tenant", "create", "other"])?;
        site.server.kill();
        if round == 1 {
            server::json(folder, &["tenant", "delete", "other"])?;
        }
        let server = Server::start(folder)?;
        if round == 0 {
            server::json(folder, &["tenant", "delete", "other"])?;
        }
        site = Site {
            http: site.http.at(server.base(TENANT)),
            feed: site.feed.at(format!("{}/{TENANT}", server.url)),
            server,
        };
        let number = late["after"].to_string();
        for after in [number.as_str(), text(&late, "next")?] {
            let page = site.page(after).await?;
            ensure!(page["epoch"] == before["epoch"], "{page} {before}");
        }
    }
    // A number that no event has yet is from elsewhere, too.
    site.gone("after=1000").await?;
    site.feed.get("/events?after=1-x").await?.expect(400)?;
    Ok(())
}

/// Events are gone while the checkpoints of webhooks are not, as when single tables are restored.
async fn webhooks() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let profile = json!({"webhooks": [receiver.webhook()]});
    let set = format!("webhooks={}", profile["webhooks"]);
    server::json(folder, &["tenant", "set", TENANT, &set])?;
    let site = Site::new(folder, server)?;
    site.users(&["a", "b", "c", "d"]).await?;
    receiver.when(|received| received.len() == 4).await?;
    let list = || server::json(folder, &["webhook", "list", TENANT]);
    let before = list()?[0]["cursor"].as_u64().context("no cursor")?;
    let site = site.again(folder, || {
        let db = Connection::open(folder.join("scimlet.db"))?;
        let sql = "
            DELETE FROM scimlet_event WHERE sequence > 6;
            UPDATE scimlet_tenant SET sequence = 6,
                digest = (SELECT digest FROM scimlet_event WHERE sequence = 6)";
        Ok(db.execute_batch(sql)?)
    })?;
    let last = user(&site.http, "last").await?;
    let received =
        receiver.when(|received| received.iter().any(|one| one.subject() == last)).await?;
    let number = received.last().context("none")?.number();
    ensure!(number <= before, "{number} is no number that was used before {before}");
    let audit = outbox::audit(folder, TENANT).await?;
    ensure!(audit.iter().any(|event| event.event.name == "webhook-rewound"), "{audit:?}");
    Ok(())
}

/// Events disappear from PostgreSQL while a server runs, as when a backup is restored: streams end,
/// and the numbers of events that are gone are refused, also after `database new-epoch`.
async fn postgres(cluster: &Cluster) -> anyhow::Result<()> {
    let (folder, url) = (tempfile::TempDir::new()?, cluster.database()?);
    let folder = folder.path();
    let name = url.rsplit('/').next().context("a name")?;
    let server = Server::over(folder, &url)?;
    let http = server.endpoint(TENANT)?;
    let create = ["credential", "create", TENANT, "--scope", "events", "--database", &url];
    let made = server::json(folder, &create)?;
    let feed = Http::new(format!("{}/{TENANT}", server.url), text(&made, "secret")?)?;
    let site = Site { server, http, feed };
    site.users(&["a", "b", "c"]).await?;
    let late = site.page("0").await?;
    let mut stream = Stream::open(&site.feed, "/events", Some(text(&late, "next")?)).await?;
    // The last two of three are gone.
    let sql = "DELETE FROM scimlet_event WHERE sequence > 5;
         UPDATE scimlet_tenant SET sequence = 5,
           digest = (SELECT digest FROM scimlet_event WHERE sequence = 5)";
    cluster.sql_in(name, sql)?;
    let told = stream.next().await?.context("the stream has ended")?;
    ensure!(told["newest"].as_str().is_some_and(|id| id.starts_with("5-")), "{told}");
    ensure!(stream.next().await?.is_none(), "it goes on");
    let number = format!("after={}", late["after"]);
    site.gone(&number).await?;
    let raised = server::json(folder, &["database", "new-epoch", "--database", &url])?;
    ensure!(raised["tenants"] == 1, "{raised}");
    site.users(&["d", "e", "f"]).await?;
    site.gone(&number).await?;
    site.gone(&format!("after={}", text(&late, "next")?)).await?;
    let page = site.page("5").await?;
    ensure!(page["events"].as_array().map(Vec::len) == Some(3), "{page}");
    let verified = server::json(folder, &["audit", "verify", TENANT, "--database", &url])?;
    ensure!(verified["intact"] == true, "{verified}");
    Ok(())
}
