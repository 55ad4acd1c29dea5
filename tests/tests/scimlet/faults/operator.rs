//! Commands on a file that a server works on: they work, and the server's next answer knows of
//! them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, Http, TENANT};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server, json as run};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("faults::commands_work_under_load", under_load),
        trial("faults::revocation_is_immediate", revocation),
        trial("faults::rotation_is_immediate", rotation),
        trial("faults::expiry_is_named", expiry),
        trial("faults::a_tenant_made_anew_is_empty", made_anew),
    ]
}

/// Clients that create users until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    clients: JoinSet<anyhow::Result<()>>,
}

impl Load {
    fn start(http: &Http) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let made = Arc::<AtomicU64>::default();
        let client = |number| create(http.clone(), number, stop.clone(), made.clone());
        let clients = (0..4).map(client);
        Self { clients: clients.collect(), stop, made }
    }

    /// Ends the load; returns the number of users that were created, with no request refused.
    async fn end(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.join_all().await {
            client?;
        }
        Ok(self.made.load(Ordering::Relaxed))
    }
}

async fn create(
    http: Http,
    client: u32,
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let user = json!({"userName": format!("load-{client}-{number}")});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
        made.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn under_load() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let load = Load::start(&server.endpoint(TENANT)?);
    let before = load.made.load(Ordering::Relaxed);
    commands(folder, &server).await?;
    let during = load.made.load(Ordering::Relaxed);
    ensure!(during > before, "nothing was written meanwhile");
    let made = load.end().await?;
    let events = outbox::feed(folder, TENANT).await?.len();
    ensure!(events as u64 == made, "{events} events of {made} users");
    Ok(())
}

/// Each command once, in a tenant of its own.
async fn commands(folder: &Path, server: &Server) -> anyhow::Result<()> {
    let names = || -> anyhow::Result<Vec<String>> {
        let list = run(folder, &["tenant", "list"])?;
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().map(|tenant| Ok(text(tenant, "name")?.to_owned())).collect()
    };
    run(folder, &["tenant", "create", "acme", "--profile", "okta"])?;
    ensure!(names()? == ["acme", TENANT], "{:?}", names());
    let shown = run(folder, &["tenant", "show", "acme"])?;
    ensure!(shown["profile"] == json!({"extends": "okta"}), "{shown}");
    ensure!(shown["url"] == *server.base("acme"), "{shown}");

    let made = run(folder, &["credential", "create", "acme", "--label", "first"])?;
    let (id, secret) = (text(&made, "id")?, text(&made, "secret")?);
    let listed = || run(folder, &["credential", "list", "acme"]);
    ensure!(listed()?[0]["label"] == "first" && listed()?[0]["revoked"].is_null());
    ensure!(!listed()?.to_string().contains(secret), "a secret is listed");
    let http = Http::new(server.base("acme"), secret)?;
    http.get("/Users").await?.expect(200)?;
    let rotated = run(folder, &["credential", "rotate", "acme", id])?;
    let http = Http::new(server.base("acme"), text(&rotated, "secret")?)?;
    http.get("/Users").await?.expect(200)?;
    run(folder, &["credential", "revoke", "acme", id])?;
    ensure!(listed()?[0]["revoked"].is_number(), "{:?}", listed());
    http.get("/Users").await?.expect(401)?;

    run(folder, &["tenant", "delete", "acme"])?;
    ensure!(names()? == [TENANT], "{:?}", names());
    Ok(())
}

/// A server, and a credential by its id, with a client that has been let in by it.
async fn admitted(arguments: &[&str]) -> anyhow::Result<(TempDir, Server, String, Http)> {
    let (folder, server) = server::fresh()?;
    let create = [&["credential", "create", TENANT], arguments].concat();
    let made = run(folder.path(), &create)?;
    let http = Http::new(server.base(TENANT), text(&made, "secret")?)?;
    http.get("/Users").await?.expect(200)?;
    Ok((folder, server, text(&made, "id")?.to_owned(), http))
}

/// The next request on an open connection is refused, whatever it wants, and changes nothing.
async fn revocation() -> anyhow::Result<()> {
    let (folder, server, id, http) = admitted(&[]).await?;
    run(folder.path(), &["credential", "revoke", TENANT, &id])?;
    refused(&http).await?;
    let another = server.endpoint(TENANT)?;
    ensure!(another.find("/Users", "userName pr").await?.is_empty());
    Ok(())
}

async fn rotation() -> anyhow::Result<()> {
    let (folder, server, id, http) = admitted(&[]).await?;
    let rotated = run(folder.path(), &["credential", "rotate", TENANT, &id])?;
    ensure!(rotated["id"] == *id, "{rotated}");
    refused(&http).await?;
    let http = Http::new(server.base(TENANT), text(&rotated, "secret")?)?;
    let user = json!({"userName": "after"});
    http.ask("POST", "/Users", &user).await?.expect(201)?;
    Ok(())
}

async fn refused(http: &Http) -> anyhow::Result<Answer> {
    let user = json!({"userName": "too late"});
    http.ask("POST", "/Users", &user).await?.expect(401)?;
    let answer = http.get("/Users").await?;
    answer.expect(401)?;
    Ok(answer)
}

/// A credential is good until it expires; then the answer says why it is refused, and after a
/// rotation the old secret is refused for another reason.
async fn expiry() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let create = ["credential", "create", TENANT, "--lifetime", "1s"];
    let made = run(folder.path(), &create)?;
    let http = Http::new(server.base(TENANT), text(&made, "secret")?)?;
    let begun = Instant::now();
    while http.get("/Users").await?.status == 200 {
        ensure!(begun.elapsed() < Duration::from_secs(10), "it never expires");
    }
    let expired = refused(&http).await?.refusal(401, &[])?;
    let rotate = ["credential", "rotate", TENANT, text(&made, "id")?];
    let rotated = run(folder.path(), &rotate)?;
    ensure!(!rotated["expires"].is_null(), "{rotated}");
    let wrong = refused(&http).await?.refusal(401, &[])?;
    ensure!(wrong["detail"] != expired["detail"], "{wrong}");
    Ok(())
}

async fn made_anew() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    run(folder, &["tenant", "create", "acme"])?;
    let old = server.endpoint("acme")?;
    let user = json!({"userName": "old"});
    let made = old.ask("POST", "/Users", &user).await?.expect(201)?;
    let group = json!({"displayName": "old", "members": [{"value": made["id"]}]});
    old.ask("POST", "/Groups", &group).await?.expect(201)?;
    run(folder, &["tenant", "delete", "acme"])?;
    refused(&old).await?;
    run(folder, &["tenant", "create", "acme"])?;
    ensure!(run(folder, &["credential", "list", "acme"])? == json!([]));
    refused(&old).await?;

    let new = server.endpoint("acme")?;
    ensure!(new.find("/Users", "userName pr").await?.is_empty());
    ensure!(new.find("/Groups", "displayName pr").await?.is_empty());
    let target = format!("/Users/{}", text(&made, "id")?);
    new.get(&target).await?.expect(404)?;
    ensure!(outbox::feed(folder, "acme").await?.is_empty(), "old events");
    new.ask("POST", "/Users", &user).await?.expect(201)?;
    let events = outbox::feed(folder, "acme").await?;
    ensure!(events.len() == 1, "the events are {events:?}");
    Ok(())
}
