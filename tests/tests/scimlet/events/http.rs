//! `GET /{tenant}/events`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use reqwest::Response;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{CREATED, DELETED, PATCHED, delete, gist, retitle, user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::http::streams", stream),
        trial("events::http::goes_on_behind_the_last_event_id", resume),
        trial("events::http::answers_at_the_first_event", poll),
        trial("events::http::needs_the_scope", scope),
        trial("events::http::ends_when_the_credential_is_revoked", revoked),
        trial("events::http::ends_when_the_server_stops", stopped),
    ]
}

/// A time that is longer than any wait of these trials.
const PATIENCE: Duration = Duration::from_secs(20);

/// The feed of the tenant, with a credential for it, and the credential's id.
pub(super) fn reader(folder: &Path, server: &Server) -> anyhow::Result<(Http, String)> {
    let create = ["credential", "create", TENANT, "--scope", "events"];
    let made = server::json(folder, &create)?;
    let http = Http::new(format!("{}/{TENANT}", server.url), text(&made, "secret")?)?;
    Ok((http, text(&made, "id")?.to_owned()))
}

/// A stream of server-sent events.
pub(super) struct Stream {
    response: Response,
    read: String,
}

impl Stream {
    pub(super) async fn open(
        http: &Http,
        target: &str,
        last: Option<&str>,
    ) -> anyhow::Result<Self> {
        let request = http.client.get(format!("{}{target}", http.base));
        let mut request = request.bearer_auth(&http.secret).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "{}", response.status());
        let kind = response.headers().get("content-type").context("no type")?;
        ensure!(kind == "text/event-stream", "{kind:?}");
        let read = String::new();
        Ok(Self { response, read })
    }

    /// The next event; `None` at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            if let Some((message, rest)) = self.read.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.read = rest;
                if let Some(event) = event(&message)? {
                    return Ok(Some(event));
                }
                continue;
            }
            match timeout(PATIENCE, self.response.chunk()).await?? {
                Some(chunk) => self.read += std::str::from_utf8(&chunk)?,
                None => return Ok(None),
            }
        }
    }
}

/// The event of a message; `None` if there is none in it.
fn event(message: &str) -> anyhow::Result<Option<Value>> {
    let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name));
    let Some(data) = field("data: ") else {
        return Ok(None);
    };
    let event: Value = serde_json::from_str(data)?;
    if field("event: ") == Some("gone") {
        ensure!(field("id: ").is_none(), "{message}");
        return Ok(Some(event));
    }
    let (number, name, _) = gist(&event)?;
    let id = field("id: ").context("no id")?;
    ensure!(event["id"] == id && id.starts_with(&format!("{number}-")), "{message}");
    ensure!(field("event: ") == Some(name), "{message}");
    Ok(Some(event))
}

async fn stream() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let (feed, _) = reader(folder.path(), &server)?;
    let mut stream = Stream::open(&feed, "/events", None).await?;
    let ada = user(&http, "ada@example.com").await?;
    retitle(&http, &ada, "Countess").await?;
    delete(&http, &ada).await?;
    for name in [CREATED, PATCHED, DELETED] {
        let event = stream.next().await?.context("the stream has ended")?;
        ensure!(event["name"] == name && event["subject"] == ada, "{event}");
    }
    Ok(())
}

async fn resume() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let (feed, _) = reader(folder.path(), &server)?;
    for name in ["a", "b", "c"] {
        user(&http, name).await?;
    }
    let mut stream = Stream::open(&feed, "/events?after=0", None).await?;
    stream.next().await?.context("no first event")?;
    let second = stream.next().await?.context("no second event")?;
    let third = stream.next().await?;
    // The id of an event, and the bare number that it once was.
    for last in [text(&second, "id")?, &gist(&second)?.0.to_string()] {
        let mut again = Stream::open(&feed, "/events?after=0", Some(last)).await?;
        ensure!(again.next().await? == third, "{last}");
    }
    Ok(())
}

async fn poll() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let (feed, _) = reader(folder.path(), &server)?;
    let nothing = feed.get("/events").await?.expect(200)?;
    ensure!(nothing["events"] == json!([]), "{nothing}");
    let target = format!("/events?after={}&wait=60", nothing["after"]);
    let begun = Instant::now();
    let (page, made) = tokio::join!(feed.get(&target), user(&http, "ada@example.com"));
    let (page, ada) = (page?.expect(200)?, made?);
    ensure!(begun.elapsed() < PATIENCE, "it waited to the end");
    ensure!(page["events"][0]["subject"] == ada, "{page}");
    let target = format!("/events?after={}", page["after"]);
    let rest = feed.get(&target).await?.expect(200)?;
    ensure!(rest["events"] == json!([]), "{rest}");
    feed.get("/events?after=x").await?.expect(400)?;
    feed.ask("POST", "/events", &json!({})).await?.expect(405)?;
    Ok(())
}

/// A credential is good for the feed only if that was said, and only for its own tenant's.
async fn scope() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let plain = server.endpoint(TENANT)?.at(format!("{}/{TENANT}", server.url));
    plain.get("/events").await?.refusal(403, &["events"])?;
    let nobody = Http::new(&plain.base, "nothing")?;
    nobody.get("/events").await?.expect(401)?;
    let (feed, _) = reader(folder, &server)?;
    server::json(folder, &["tenant", "create", "other"])?;
    for tenant in ["other", "missing"] {
        let elsewhere = feed.at(format!("{}/{tenant}", server.url));
        elsewhere.get("/events").await?.expect(401)?;
    }
    let unknown = ["credential", "create", TENANT, "--scope", "everything"];
    let refused = server::command(folder)?.args(unknown).output()?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && mentions(&said, "everything"), "{said}");
    let audit = outbox::audit(folder, TENANT).await?;
    let refusals = audit.iter().filter(|event| event.event.name == "refused");
    let bodies: Vec<&str> = refusals.map(|event| event.event.body.as_str()).collect();
    ensure!(bodies.len() == 1 && bodies[0].contains("403"), "{bodies:?}");
    Ok(())
}

async fn revoked() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (feed, id) = reader(folder.path(), &server)?;
    let mut stream = Stream::open(&feed, "/events", None).await?;
    server::json(folder.path(), &["credential", "revoke", TENANT, &id])?;
    match stream.next().await? {
        None => Ok(()),
        Some(event) => bail!("{event}"),
    }
}

async fn stopped() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (feed, _) = reader(folder.path(), &server)?;
    let mut stream = Stream::open(&feed, "/events", None).await?;
    let begun = Instant::now();
    let stop = tokio::task::spawn_blocking(move || server.stop());
    ensure!(stream.next().await?.is_none(), "an event");
    stop.await??;
    // It did not have to be cut off.
    ensure!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    Ok(())
}
