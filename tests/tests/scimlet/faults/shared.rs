//! Two servers on one file at the same time.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::RecordedEvent;
use scimlet_tests::client::{text, together};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::{self, Server};
use scimlet_tests::{client, outbox, rounds};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("faults::two_servers_see_each_other", see_each_other),
        trial("faults::two_servers_number_events", number_events),
        trial("faults::two_servers_keep_names_unique", unique_names),
        trial("faults::nothing_follows_a_revocation", revocation),
    ]
}

/// Two servers that live until it is dropped, and a client of each with one secret.
struct Two {
    _servers: [Server; 2],
    http: [Http; 2],
    folder: TempDir,
}

impl Two {
    fn start() -> anyhow::Result<Self> {
        let (folder, first) = server::fresh()?;
        let second = Server::start(folder.path())?;
        let http = first.endpoint(TENANT)?;
        let other = Http::new(second.base(TENANT), &http.secret)?;
        Ok(Self { _servers: [first, second], http: [http, other], folder })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the clients of the two servers in turns.
    fn turn(&self, number: usize) -> &Http {
        &self.http[number % 2]
    }
}

/// A change that one server acknowledged, the other shows at once: by id, by filter, and as the
/// version that the next change must match.
async fn see_each_other() -> anyhow::Result<()> {
    let two = Two::start()?;
    let user = json!({"userName": "commuter", "title": "0"});
    let made = two.turn(0).ask("POST", "/Users", &user).await?.expect(201)?;
    let target = format!("/Users/{}", text(&made, "id")?);
    for number in 1..=30 {
        let (writer, reader) = (two.turn(number), two.turn(number + 1));
        let body = json!({"userName": "commuter", "title": number.to_string()});
        let written = writer.ask("PUT", &target, &body).await?.expect(200)?;
        let read = reader.get(&target).await?.expect(200)?;
        let titles = (&written["title"], &read["title"]);
        ensure!(titles.0 == titles.1, "{titles:?}");
        let versions = (&written["meta"]["version"], &read["meta"]["version"]);
        ensure!(versions.0 == versions.1, "{versions:?}");
        let found = reader.find("/Users", "userName eq \"commuter\"").await?;
        ensure!(found == [read], "{found:?}");
    }
    two.turn(0).ask("DELETE", &target, &Value::Null).await?.expect(204)?;
    two.turn(1).get(&target).await?.expect(404)?;
    Ok(())
}

/// Both servers write at once: no request is refused, and the numbers of the events have no gap and
/// no double.
async fn number_events() -> anyhow::Result<()> {
    let two = Two::start()?;
    let writes = (0..8).map(|writer| {
        let http = two.turn(writer).clone();
        async move {
            for number in 0..20 {
                let user = json!({"userName": format!("user-{writer}-{number}")});
                http.ask("POST", "/Users", &user).await?.expect(201)?;
            }
            Ok(())
        }
    });
    client::together(writes).await?;
    let events = outbox::feed(two.folder(), TENANT).await?;
    ensure!(events.len() == 160, "{} events", events.len());
    for http in &two.http {
        let users = http.find("/Users", "userName sw \"user-\"").await?;
        ensure!(users.len() == 160, "{} users", users.len());
    }
    Ok(())
}

/// Of 64 POSTs of one userName at once, in as many spellings, one succeeds.
async fn unique_names() -> anyhow::Result<()> {
    let two = Two::start()?;
    let creates = (0..64).map(|number| {
        let http = two.turn(number).clone();
        let user = json!({"userName": spelling("racers@example.com", number)});
        async move { http.ask("POST", "/Users", &user).await }
    });
    let answers = together(creates).await?;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    ensure!(made.len() == 1, "{} were made", made.len());
    for answer in refused {
        let error = answer.expect(409)?;
        ensure!(error["scimType"] == "uniqueness", "{error}");
    }
    for http in &two.http {
        let found = http.find("/Users", "userName eq \"RACERS@example.com\"").await?;
        let ids: Vec<&Value> = found.iter().map(|user| &user["id"]).collect();
        ensure!(ids == [&made[0].expect(201)?["id"]], "{found:?}");
    }
    ensure!(outbox::feed(two.folder(), TENANT).await?.len() == 1);
    Ok(())
}

/// Of 32 clients that write through both servers by one credential, none writes once it is revoked:
/// by the numbers of the events nothing of the credential follows its revocation. `SCIMLET_ROUNDS`
/// says how often (3 times unless it does).
async fn revocation() -> anyhow::Result<()> {
    let two = Two::start()?;
    let store = outbox::store(two.folder(), TENANT).await?;
    let mut mark = outbox::Mark::START;
    for round in 1..=rounds::rounds(3)? {
        let made = server::json(two.folder(), &["credential", "create", TENANT])?;
        let (id, secret) = (text(&made, "id")?, text(&made, "secret")?);
        let (count, mut written) = mpsc::unbounded_channel();
        let writers: Vec<_> = (0..32)
            .map(|writer| {
                let http = Http { secret: secret.to_owned(), ..two.turn(writer).clone() };
                write(http, format!("{round}-{writer}"), count.clone())
            })
            .collect();
        let mut writers = tokio::spawn(client::together(writers));
        drop(count);
        for _ in 0..64 {
            written.recv().await.context("all writers gave up")?;
        }
        let revoke = server::command(two.folder())?
            .args(["credential", "revoke", TENANT, id])
            .stdout(Stdio::null())
            .spawn()?;
        let revoked = tokio::task::spawn_blocking(|| revoke.wait_with_output());
        (&mut writers).await??;
        ensure!(revoked.await??.status.success(), "it was not revoked");
        judge(&outbox::behind(&*store, &mut mark).await?, id)?;
    }
    Ok(())
}

/// Creates users until the credential is refused.
async fn write(http: Http, name: String, count: UnboundedSender<()>) -> anyhow::Result<()> {
    for number in 0.. {
        let user = json!({"userName": format!("{name}-{number}")});
        let answer = http.ask("POST", "/Users", &user).await?;
        if answer.status == 401 {
            break;
        }
        answer.expect(201)?;
        // Nobody counts any more once the credential is being revoked.
        let _ = count.send(());
    }
    Ok(())
}

/// Expects that the credential has written something, and nothing after its revocation.
fn judge(events: &[RecordedEvent], id: &str) -> anyhow::Result<()> {
    let revoked = events.iter().position(|recorded| {
        let event = &recorded.event;
        event.name == "credential-revoked" && event.subject.as_ref().is_some_and(|of| of.id == id)
    });
    let (before, behind) = events.split_at(revoked.context("no event of the revocation")?);
    let own = |event: &&RecordedEvent| event.actor == id;
    ensure!(before.iter().filter(own).count() >= 64, "nothing was written");
    let late = behind.iter().find(own);
    ensure!(late.is_none(), "behind its revocation: {late:?}");
    Ok(())
}

/// Returns the text with a capital for each letter whose bit is set.
fn spelling(text: &str, bits: usize) -> String {
    let letter = |(at, letter): (usize, char)| match bits >> at & 1 {
        1 => letter.to_ascii_uppercase(),
        _ => letter,
    };
    text.chars().enumerate().map(letter).collect()
}
