//! The webhooks of a profile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use data_encoding::BASE64;
use libtest_mimic::Trial;
use scimlet_tests::exchange::Http;
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::receiver::{Received, Receiver, check_signature};
use super::{DELETED, delete, retitle, user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("events::webhook::signs_and_keeps_the_order", ordered),
        trial("events::webhook::sends_what_is_wanted", wanted),
        trial("events::webhook::tries_again_and_holds_up_nobody_else", failing),
        trial("events::webhook::an_operator_puts_dead_letters_back", dead),
        trial("events::webhook::a_killed_server_loses_nothing", killed),
        trial("events::webhook::two_servers_deliver_once", shared),
        trial("events::webhook::begins_where_the_profile_names_it", begins),
        trial("events::webhook::taken_away_and_put_back_goes_on", put_back),
        trial("events::webhook::a_wrong_profile_is_told_where", wrong),
        trial("events::webhook::a_weak_secret_is_refused", weak),
    ]
}

/// A tenant whose events go to a receiver.
struct Tenant {
    folder: TempDir,
    server: Server,
    http: Http,
}

const NAME: &str = "acme";

impl Tenant {
    fn new(webhook: &Value) -> anyhow::Result<Self> {
        let (folder, server) = server::fresh()?;
        create(folder.path(), webhook)?;
        let http = server.endpoint(NAME)?;
        Ok(Self { folder, server, http })
    }

    fn list(&self) -> anyhow::Result<Value> {
        let list = server::json(self.folder.path(), &["webhook", "list", NAME])?;
        Ok(list[0].clone())
    }

    /// Waits until `webhook list` is as wanted; returns the list.
    async fn listed(&self, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let wait = async {
            loop {
                let list = self.list()?;
                if wanted(&list) {
                    return Ok(list);
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        let outcome = timeout(Duration::from_secs(30), wait).await;
        outcome.with_context(|| format!("{:?}", self.list()))?
    }
}

fn create(folder: &Path, webhook: &Value) -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "webhooks": [webhook]});
    fs::write(folder.join("acme.json"), profile.to_string())?;
    server::json(folder, &["tenant", "create", NAME, "--profile", "acme.json"])?;
    Ok(())
}

/// Returns the numbers of the events that were taken, by resource, each at its first delivery.
fn taken(received: &[Received]) -> BTreeMap<&str, Vec<u64>> {
    let mut taken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for one in received.iter().filter(|one| one.is_taken()) {
        let numbers = taken.entry(one.subject()).or_default();
        if !numbers.contains(&one.number()) {
            numbers.push(one.number());
        }
    }
    taken
}

fn count(received: &[Received]) -> usize {
    taken(received).values().map(Vec::len).sum()
}

/// Returns the numbers of all events of the feed, by resource and in their order.
async fn told(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u64>>> {
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for recorded in outbox::feed(folder, NAME).await? {
        let subject = recorded.event.subject.context("about nothing")?;
        let numbers = told.entry(format!("/Users/{}", subject.id)).or_default();
        numbers.push(recorded.sequence);
    }
    Ok(told)
}

/// Expects that all events of each resource were taken, in their order.
async fn check(folder: &Path, received: &[Received]) -> anyhow::Result<()> {
    let told = told(folder).await?;
    let told = told.iter().map(|(subject, numbers)| (subject.as_str(), numbers.clone()));
    let (told, taken) = (told.collect::<BTreeMap<_, _>>(), taken(received));
    ensure!(told == taken, "events {told:?}, taken {taken:?}");
    Ok(())
}

async fn ordered() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let tenant = Tenant::new(&receiver.webhook())?;
    for name in ["a", "b", "c"] {
        let user = user(&tenant.http, name).await?;
        for title in ["1", "2", "3"] {
            retitle(&tenant.http, &user, title).await?;
        }
        delete(&tenant.http, &user).await?;
    }
    let all = outbox::feed(tenant.folder.path(), NAME).await?.len();
    // Each was made, retitled three times and deleted, with the effects that a removal has.
    ensure!(all >= 15, "{all} events");
    let received = receiver.when(|received| count(received) == all).await?;
    check(tenant.folder.path(), &received).await?;
    for one in &received {
        check_signature(one)?;
        ensure!(one.event["tenant"] == NAME, "{one:?}");
    }
    let ids: BTreeSet<&str> = received.iter().map(|one| one.id.as_str()).collect();
    ensure!(ids.len() == all, "{ids:?}");
    Ok(())
}

async fn wanted() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let mut webhook = receiver.webhook();
    webhook["events"] = json!([DELETED]);
    let tenant = Tenant::new(&webhook)?;
    let first = user(&tenant.http, "a").await?;
    retitle(&tenant.http, &first, "1").await?;
    delete(&tenant.http, &first).await?;
    let second = user(&tenant.http, "b").await?;
    delete(&tenant.http, &second).await?;
    let received = receiver.when(|received| received.len() == 2).await?;
    let names: Vec<&Value> = received.iter().map(|one| &one.event["name"]).collect();
    ensure!(names == [DELETED, DELETED], "{names:?}");
    Ok(())
}

/// The first three attempts at events of one resource fail.
async fn failing() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 500).await?;
    let tenant = Tenant::new(&receiver.webhook())?;
    let bad = user(&tenant.http, "bad").await?;
    let (mut left, ill) = (3, bad.clone());
    receiver.answer(move |event| {
        let fails = event["subject"] == ill.as_str() && left > 0;
        left -= i32::from(fails);
        if fails { 500 } else { 200 }
    });
    retitle(&tenant.http, &bad, "1").await?;
    let good = user(&tenant.http, "good").await?;
    retitle(&tenant.http, &good, "1").await?;
    let received = receiver.when(|received| count(received) == 4).await?;
    check(tenant.folder.path(), &received).await?;
    let at = |subject: &str| {
        let taken = |one: &Received| one.is_taken() && one.subject() == subject;
        received.iter().position(taken)
    };
    ensure!(at(&good) < at(&bad), "the good one had to wait: {received:?}");
    let first = received.iter().filter(|one| one.subject() == bad);
    let first: BTreeSet<&str> = first.take(4).map(|one| one.id.as_str()).collect();
    ensure!(first.len() == 1, "one event has several ids: {first:?}");
    let listed = tenant.listed(|list| list["pending"] == json!([])).await?;
    ensure!(listed["dead"] == json!([]), "{listed}");
    Ok(())
}

async fn dead() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 503).await?;
    let mut webhook = receiver.webhook();
    webhook["retry-seconds"] = json!(1);
    let tenant = Tenant::new(&webhook)?;
    let user = user(&tenant.http, "a").await?;
    retitle(&tenant.http, &user, "1").await?;
    let dead = |list: &Value| list["dead"].as_array().map_or(0, Vec::len);
    tenant.listed(|list| dead(list) == 2).await?;
    retitle(&tenant.http, &user, "2").await?;
    let list = tenant.listed(|list| dead(list) == 3).await?;
    let error = list["dead"][0]["error"].as_str().context("no error")?;
    ensure!(mentions(error, "503"), "{list}");
    ensure!(list["dead"][0]["subject"] == user, "{list}");
    receiver.answer(|_| 200);
    let put = server::json(tenant.folder.path(), &["webhook", "retry", NAME])?;
    ensure!(put["events"] == 3, "{put}");
    let received = receiver.when(|received| count(received) == 3).await?;
    check(tenant.folder.path(), &received).await?;
    tenant.listed(|list| dead(list) == 0).await?;
    // The record has it, without what of the URL may be a secret.
    let audit = server::command(tenant.folder.path())?
        .args(["events", NAME, "--channel", "audit", "--json"])
        .output()?;
    let audit = String::from_utf8(audit.stdout)?;
    let said: Vec<&str> = audit.lines().filter(|line| line.contains("webhook-")).collect();
    ensure!(said.len() == 2, "{audit}");
    ensure!(
        said[0].contains("webhook-exhausted") && said[1].contains("webhook-recovered"),
        "{audit}"
    );
    Ok(())
}

/// A webhook that is taken away and put back before its server looks again, while another server
/// has forgotten it.
async fn put_back() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let tenant = Tenant::new(&receiver.webhook())?;
    let user = user(&tenant.http, "a").await?;
    receiver.when(|received| count(received) == 1).await?;
    // What the other server does when it sees the profile without the webhook, and then with it.
    let db = rusqlite::Connection::open(tenant.folder.path().join("scimlet.db"))?;
    db.busy_timeout(Duration::from_secs(10))?;
    let progress: (String, i64, String) = db.query_row(
        "SELECT name, tenant, text FROM scimlet_memo WHERE name LIKE 'webhook/%'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    db.execute("DELETE FROM scimlet_memo WHERE name LIKE 'webhook/%'", [])?;
    retitle(&tenant.http, &user, "1").await?;
    // Until the worker has noticed, which reads it anew at least every two seconds.
    sleep(Duration::from_secs(5)).await;
    let again = "INSERT OR IGNORE INTO scimlet_memo(name, tenant, text) VALUES (?, ?, ?)";
    db.execute(again, rusqlite::params![progress.0, progress.1, progress.2])?;
    retitle(&tenant.http, &user, "2").await?;
    receiver.when(|received| count(received) == 3).await?;
    Ok(())
}

/// A server is killed again and again in the middle of deliveries, of which some have failed.
async fn killed() -> anyhow::Result<()> {
    let mut number = 0;
    let receiver = Receiver::start(move |_| {
        number += 1;
        if number % 3 == 0 { 500 } else { 200 }
    });
    let receiver = receiver.await?;
    let tenant = Tenant::new(&receiver.webhook())?;
    let Tenant { folder, mut server, http } = tenant;
    for round in 1..=3 {
        let http = http.at(server.base(NAME));
        for name in 0..10 {
            let user = user(&http, &format!("user-{round}-{name}")).await?;
            retitle(&http, &user, "1").await?;
        }
        let before = receiver.received().len();
        receiver.when(|received| received.len() > before + 2).await?;
        server.kill();
        server = Server::start(folder.path())?;
    }
    let received = receiver.when(|received| count(received) == 60).await?;
    check(folder.path(), &received).await
}

/// Two servers on one file share the deliveries: no event is delivered twice.
async fn shared() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let tenant = Tenant::new(&receiver.webhook())?;
    let other = Server::start(tenant.folder.path())?;
    let there = tenant.http.at(other.base(NAME));
    for name in 0..20 {
        let made = user(&tenant.http, &format!("user-{name}")).await?;
        retitle(&there, &made, "1").await?;
    }
    let received = receiver.when(|received| count(received) == 40).await?;
    check(tenant.folder.path(), &received).await?;
    ensure!(received.len() == 40, "{} deliveries", received.len());
    // The one that is left takes over.
    tenant.server.stop()?;
    let last = user(&there, "last").await?;
    receiver.when(|all| all.iter().any(|one| one.subject() == last)).await?;
    Ok(())
}

/// No server runs while the first events are made; those from before the webhook are not sent.
async fn begins() -> anyhow::Result<()> {
    let receiver = Receiver::start(|_| 200).await?;
    let (folder, server) = server::fresh()?;
    server.stop()?;
    create(folder.path(), &receiver.webhook())?;
    let server = Server::start(folder.path())?;
    let made = user(&server.endpoint(NAME)?, "a").await?;
    server.kill();
    let _server = Server::start(folder.path())?;
    let received = receiver.when(|received| count(received) == 1).await?;
    ensure!(received[0].subject() == made, "{received:?}");
    Ok(())
}

async fn wrong() -> anyhow::Result<()> {
    let (folder, _server) = server::fresh()?;
    let webhook = json!({"url": "http://hooks.example.com/", "secret": "s"});
    let refused = create(folder.path(), &webhook).err().context("it is taken")?;
    let text = format!("{refused:#}");
    ensure!(mentions(&text, "webhooks[0].url") && mentions(&text, "https"), "{text}");
    Ok(())
}

/// A key that can be guessed forges events.
async fn weak() -> anyhow::Result<()> {
    let (folder, _server) = server::fresh()?;
    let key = |bytes: u8| -> Vec<u8> { (0..bytes).map(|n| n.wrapping_mul(37)).collect() };
    let whole = |key: &[u8]| format!("whsec_{}", BASE64.encode(key));
    for weak in [
        "s".to_owned(),
        "a secret that is long enough but no key".to_owned(),
        BASE64.encode(&key(32)),
        "whsec_".to_owned(),
        "whsec_?".to_owned(),
        whole(&key(23)),
        whole(&key(65)),
        whole(&[7; 32]),
        whole(b"changemechangemechangemechangeme"),
    ] {
        let webhook = json!({"url": "https://hooks.example.com/", "secret": weak});
        let refused = create(folder.path(), &webhook).err();
        let text = format!("{:#}", refused.with_context(|| format!("{weak} is taken"))?);
        ensure!(mentions(&text, "webhooks[0].secret"), "{text}");
        ensure!(!text.contains(&weak) || weak.len() < 8, "it is repeated: {text}");
    }
    for (tenant, strong) in [("a", 24), ("b", 64)] {
        let webhook = json!({"url": "https://hooks.example.com/", "secret": whole(&key(strong))});
        let setting = format!("webhooks=[{webhook}]");
        server::json(folder.path(), &["tenant", "create", tenant])?;
        server::json(folder.path(), &["tenant", "set", tenant, &setting])?;
    }
    Ok(())
}
